import RingTransition
import TestSupport
import X86

extension Breakage {
  /// RT-001...RT-005, RT-009...RT-012.
  static let frame: [Breakage] = [
    Breakage("frame not mapped", [1], unchecked: Array(4...15) + [81]) {
      $0.clear(.pageTable, of: Layout.exitStackTop - 8)
    },
    Breakage("frame runs into an unmapped page", [1, 17], unchecked: Array(4...15) + [81]) {
      $0.registers.rsp = Layout.exitStackTop - 16
    },
    Breakage("frame on a user page under SMAP", [1]) {
      $0.setAll(.user, of: Layout.exitStackTop - 8)
      $0.registers.cr4.insert(.supervisorAccessPrevention)
    },
    Breakage("RSP not canonical", [1, 17], unchecked: Array(4...15) + [81]) {
      $0.registers.rsp = 0x8000_0000_0000
    },
    Breakage("IRETD instead of IRETQ", [2]) { $0.storeVirtual([0xcf, 0x90], at: Layout.iretq) },
    Breakage("IRETW instead of IRETQ", [2]) { $0.storeVirtual([0x66, 0xcf], at: Layout.iretq) },
    Breakage("NT set in the kernel", [3], follows: [144]) { $0.registers.rflags.insert(.nestedTask) },
    Breakage("RIP not canonical", [5], follows: [10, 14]) { $0.editFrame { $0.rip = 0x9000_0000_0000 } },
    Breakage("RFLAGS bit 1 clear", [9]) { $0.editFrame { $0.rflags.remove(.fixedOne) } },
    Breakage("RFLAGS reserved bit", [9]) { $0.editFrame { $0.rflags.insert(RFlags(rawValue: 1 << 40)) } },
    Breakage("RFLAGS VM", [9]) { $0.editFrame { $0.rflags.insert(.virtual8086) } },
    Breakage("RFLAGS VIP", [9]) { $0.editFrame { $0.rflags.insert(.virtualInterruptPending) } },
    Breakage("RIP in the kernel", [10], follows: [14]) { $0.editFrame { $0.rip = Layout.kernelText } },
    Breakage("RIP in the last page below the hole", [10]) {
      $0.mapFresh(0x7fff_ffff_f000, flags: .present | .user)
      $0.editFrame { $0.rip = 0x7fff_ffff_f000 }
    },
    Breakage("RSP in the kernel", [11], follows: [15]) { $0.editFrame { $0.rsp = Layout.rsp0 } },
    Breakage("RSP in the hole, pushes below it", [11]) {
      $0.mapFresh(0x7fff_ffff_f000, flags: .present | .user | .writable)
      $0.editFrame { $0.rsp = 0x8000_0000_0000 }
    },
    Breakage("IF clear", [12]) { $0.editFrame { $0.rflags.remove(.interruptEnable) } },
    Breakage("IOPL 3", [12]) { $0.editFrame { $0.rflags.insert(RFlags(rawValue: 3 << 12)) } },
    Breakage("NT in the image", [12]) { $0.editFrame { $0.rflags.insert(.nestedTask) } },
    Breakage("TF in the image", [12]) { $0.editFrame { $0.rflags.insert(.trap) } },
    Breakage("TF of a traced task", [], options: .declared { $0.tracing = .singleStepped }) {
      $0.editFrame { $0.rflags.insert(.trap) }
    },
    Breakage("DF and AC are Ring 3's own", []) {
      $0.editFrame { $0.rflags = $0.rflags | .direction | .alignmentCheck }
    },
  ]

  /// RT-004, RT-006...RT-008 and RT-013.
  static let segments: [Breakage] = [
    Breakage("CS of the kernel", [4], follows: [6]) { $0.editFrame { $0.cs = 0x08 } },
    Breakage("CS null", [6], unchecked: [8, 13]) { $0.editFrame { $0.cs = 3 } },
    Breakage("CS beyond the GDT", [6], unchecked: [8, 13]) { $0.editFrame { $0.cs = 0x3b } },
    Breakage("CS in an LDT that is not there", [6], follows: [81], unchecked: [8, 13]) {
      $0.editFrame { $0.cs = 0x37 }
    },
    Breakage("CS is data", [6], follows: [13]) { $0.editFrame { $0.cs = 0x2b } },
    Breakage("CS of DPL 0 with RPL 3", [6]) { $0.editFrame { $0.cs = 0x0b } },
    Breakage("CS not present", [6]) { $0.setDescriptor(6, 0x00af_7b00_0000_ffff) },
    Breakage("CS with L and D", [6]) { $0.setDescriptor(6, 0x00ef_fb00_0000_ffff) },
    Breakage("conforming CS of DPL 0", []) { $0.setDescriptor(6, 0x00af_9f00_0000_ffff) },
    Breakage("GDT not mapped", [60], follows: [6, 7, 23], unchecked: [8, 13, 62, 84]) {
      $0.clear(.pageTable, of: Layout.gdt)
    },
    Breakage("SS null", [7], unchecked: [8]) { $0.editFrame { $0.ss = 0 } },
    Breakage("SS with RPL 0", [7]) { $0.editFrame { $0.ss = 0x28 } },
    Breakage("SS of the kernel with RPL 3", [7]) { $0.editFrame { $0.ss = 0x13 } },
    Breakage("SS is code", [7]) { $0.editFrame { $0.ss = 0x33 } },
    Breakage("SS read-only", [7]) { $0.setDescriptor(5, 0x00cf_f100_0000_ffff) },
    Breakage("SS not present", [7]) { $0.setDescriptor(5, 0x00cf_7300_0000_ffff) },
    Breakage("SS beyond the GDT", [7], unchecked: [8]) { $0.editFrame { $0.ss = 0x3b } },
    Breakage("CS not accessed in a read-only GDT", [8]) {
      $0.setDescriptor(6, 0x00af_fa00_0000_ffff)
    },
    Breakage("SS not accessed in a read-only GDT", [8]) {
      $0.setDescriptor(5, 0x00cf_f200_0000_ffff)
    },
    Breakage("not accessed in a writable GDT", [83]) {
      $0.set(.writable, .pageTable, of: Layout.gdt)
      $0.setDescriptor(6, 0x00af_fa00_0000_ffff)
      $0.setDescriptor(5, 0x00cf_f200_0000_ffff)
    },
    Breakage("compatibility mode with a wide RSP", [13]) { $0.setDescriptor(6, 0x00cf_fb00_0000_ffff) },
    Breakage("compatibility mode with a 16-bit stack", [13, 15]) {
      $0.setDescriptor(6, 0x00cf_fb00_0000_ffff)
      $0.setDescriptor(5, 0x008f_f300_0000_ffff)
      $0.editFrame { $0.rsp = 0x2000_0000 }
    },
    Breakage("compatibility mode as it should be", [15]) {
      $0.setDescriptor(6, 0x00cf_fb00_0000_ffff)
      $0.editFrame { $0.rsp = 0x2000_0000 }
    },
  ]
}
