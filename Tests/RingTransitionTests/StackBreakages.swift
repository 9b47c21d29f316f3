import RingTransition
import TestSupport
import X86

extension Breakage {
  /// RT-024...RT-033 and RT-090.
  static let kernelStack: [Breakage] = [
    Breakage("PML4 entry absent", [26], follows: [28], unchecked: [27, 32]) {
      $0.clear(.pml4, of: Layout.rsp0 - 8)
    },
    Breakage("PDPT entry absent", [26], follows: [28], unchecked: [27, 32]) {
      $0.clear(.pageDirectoryPointer, of: Layout.rsp0 - 8)
    },
    Breakage("PD entry absent", [26], follows: [28], unchecked: [27, 32]) {
      $0.clear(.pageDirectory, of: Layout.rsp0 - 8)
    },
    Breakage("top page absent", [26], follows: [28], unchecked: [32]) {
      $0.clear(.pageTable, of: Layout.rsp0 - 8)
    },
    Breakage("read-only at the leaf", [26], follows: [28]) {
      $0.remove(.writable, .pageTable, of: Layout.rsp0 - 8)
    },
    Breakage("read-only at the top", [26], follows: [28]) {
      $0.remove(.writable, .pml4, of: Layout.rsp0 - 8)
    },
    Breakage("read-only without CR0.WP", [141]) {
      $0.remove(.writable, .pml4, of: Layout.rsp0 - 8)
      $0.registers.cr0.remove(.writeProtect)
    },
    Breakage("user page", [27]) { $0.setAll(.user, of: Layout.rsp0 - 8) },
    Breakage("user page under SMAP", [26], follows: [27, 28]) {
      $0.setAll(.user, of: Layout.rsp0 - 8)
      $0.registers.cr4.insert(.supervisorAccessPrevention)
    },
    Breakage("leaf beyond MAXPHYADDR", [90], follows: [26, 28], unchecked: [32]) {
      $0.edit(.pageTable, of: Layout.rsp0 - 8) { $0 | 1 << 51 }
    },
    Breakage("PS in the PML4 entry", [90], follows: [26, 28], unchecked: [27, 32]) {
      $0.set(.pageSize, .pml4, of: Layout.rsp0 - 8)
    },
    Breakage("RSP0 zero", [25], follows: [26, 28, 30], unchecked: [27, 31, 32, 33]) { $0.setRSP0(0) },
    Breakage("RSP0 in the user half", [25], follows: [27, 28, 30], unchecked: [32]) {
      $0.setRSP0(Layout.userStackTop)
    },
    Breakage("RSP0 not canonical", [24], follows: [25, 26, 28, 30], unchecked: [27, 31, 32, 33]) {
      $0.setRSP0(0x0000_9000_0000_0000)
    },
    Breakage("RSP0 at the upper edge of the hole", [24], follows: [26, 28, 30], unchecked: [27, 31, 32, 33]) {
      $0.setRSP0(0xffff_8000_0000_0000)
    },
    Breakage(
      "RSP0 at the lower edge of the hole", [24], follows: [25, 26, 28, 30], unchecked: [27, 31, 32, 33]
    ) {
      $0.setRSP0(0x0000_8000_0000_0000)
    },
    Breakage("RSP0 eight below the top", [29], follows: [30]) { $0.setRSP0(Layout.rsp0 - 8) },
    Breakage("RSP0 three below the top", [29], follows: [30]) { $0.setRSP0(Layout.rsp0 - 3) },
    Breakage("RSP0 just above the stack's base", [26], follows: [28, 30], unchecked: [32]) {
      $0.setRSP0(Layout.guardPage + 0x1010)
    },
    Breakage("only the top page mapped", [28], unchecked: [32]) {
      for page in 1...3 { $0.clear(.pageTable, of: Layout.rsp0 - 8 - UInt64(page) * 4096) }
    },
    Breakage("RSP0 of another thread, mapped", [30]) {
      $0.mapFresh(Layout.rsp0 + 0x4000, pages: 4, flags: .present | .writable | .noExecute)
      $0.setRSP0(Layout.rsp0 + 0x8000)
    },
    Breakage("RSP0 of another thread, not mapped", [30], follows: [26, 28], unchecked: [27, 32]) {
      $0.setRSP0(Layout.rsp0 + 0x8000)
    },
    Breakage("RSP0 a page below the top", [30]) {
      $0.setRSP0(Layout.rsp0 - 4096)
      $0.mapFresh(Layout.guardPage, flags: .present | .writable | .noExecute)
    },
    Breakage("RSP0 is the exit stack", [30], follows: [31]) { $0.setRSP0(Layout.exitStackTop) },
    Breakage(
      "RSP0 is an IST stack", [44], follows: [31], unchecked: [30],
      options: .declared { $0.currentStackTop = nil }
    ) {
      $0.setRSP0(Layout.interruptStackTop(2))
    },
    Breakage("IST1 is RSP0", [44], follows: [31]) { $0.setInterruptStack(1, Layout.rsp0) },
    Breakage("IST2 aliases the kernel stack's frames", [31]) { machine in
      let frame = machine.physical(Layout.rsp0 - 4096)
      machine.map(
        Layout.interruptStackTop(2) - 4096, to: frame, flags: .present | .writable | .noExecute)
    },
    Breakage("stack page is a page table", [32]) { machine in
      let root = machine.root.address
      machine.map(Layout.rsp0 - 4096, to: root, flags: .present | .writable | .noExecute)
    },
    Breakage("two stack pages are one frame", [32]) { machine in
      let frame = machine.physical(Layout.rsp0 - 4096)
      machine.map(Layout.rsp0 - 8192, to: frame, flags: .present | .writable | .noExecute)
    },
    Breakage("stack page is the TSS", [32]) { machine in
      let frame = machine.physical(Layout.tss)
      machine.map(Layout.rsp0 - 8192, to: frame, flags: .present | .writable | .noExecute)
    },
    Breakage("stack page outside memory", [93], follows: [32]) { machine in
      machine.map(
        Layout.rsp0 - 4096, to: PhysicalAddress(truncating: 0x7f_0000_0000),
        flags: .present | .writable | .noExecute)
    },
    Breakage("stack page is frame 0", [32]) { machine in
      machine.map(
        Layout.rsp0 - 4096, to: PhysicalAddress(truncating: 0), flags: .present | .writable | .noExecute)
    },
    Breakage("guard page mapped", [33]) {
      $0.mapFresh(Layout.guardPage, flags: .present | .writable | .noExecute)
    },
    Breakage("read-only guard page", []) {
      $0.mapFresh(Layout.guardPage, flags: .present | .noExecute)
    },
    Breakage("supervisor keys on", [], unchecked: [26, 147]) {
      $0.registers.cr4.insert(.supervisorProtectionKeys)
    },
  ]

  /// RT-040 and RT-042.
  static let interruptStacks: [Breakage] = [
    Breakage("#DF without IST", [40]) { $0.setGate(8) },
    Breakage("IST1 zero", [42], unchecked: [45]) { $0.setInterruptStack(1, 0) },
    Breakage("IST2 not canonical", [42], unchecked: [45, 49]) { $0.setInterruptStack(2, 0x9000_0000_0000) },
    Breakage("IST1 not mapped", [42]) { $0.clear(.pageTable, of: Layout.interruptStackTop(1) - 8) },
    Breakage("IST1's lowest page not mapped", [42]) {
      $0.clear(.pageTable, of: Layout.interruptStackTop(1) - Layout.stackSize)
    },
    Breakage(
      "IST1's lowest page not mapped, size not declared", [], unchecked: [45, 49],
      options: .declared { $0.interruptStackSize = nil }
    ) {
      $0.clear(.pageTable, of: Layout.interruptStackTop(1) - Layout.stackSize)
    },
    Breakage("IST7 not mapped and not used", []) {
      $0.clear(.pageTable, of: Layout.interruptStackTop(7) - 8)
    },
    Breakage("IST7 not mapped and used by a needed vector", [42, 46]) {
      $0.setGate(14, interruptStack: 7)
      $0.clear(.pageTable, of: Layout.interruptStackTop(7) - 8)
    },
    Breakage("IDT not mapped", [64], unchecked: withoutGates) { $0.clear(.pageTable, of: Layout.idt) },
    Breakage("IDTR not known", [], unchecked: withoutGates + [63, 64, 82, 83]) {
      $0.registers.interruptTable = nil
    },
  ]

  /// What no gate can answer.
  private static let withoutGates: [UInt16] =
    [22, 40, 42, 44, 45, 46, 48, 49, 51, 60, 61, 62] + Array(65...72) + [75]
}
