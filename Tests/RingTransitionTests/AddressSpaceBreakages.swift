import RingTransition
import TestSupport
import X86

extension Breakage {
  private static let hole: UInt64 = 0x4000_0000
  private static let gap = PhysicalFrame(containing: PhysicalAddress(truncating: hole))

  private static func paired(
    kernel: PhysicalFrame = gap, user: PhysicalFrame = gap, current: PhysicalFrame? = nil
  ) -> AuditOptions {
    .declared {
      $0.pageTableIsolation = .used
      $0.tablePairs[3] = TablePair(kernel: kernel, user: user)
      $0.currentRoot = current ?? kernel
    }
  }
  private static let stranger = PhysicalFrame(containing: PhysicalAddress(truncating: 0x5000_0000))
  private static let neighbour = PhysicalFrame(containing: Layout.root.address + 4096)

  /// RT-091...RT-113.
  static let addressSpace: [Breakage] = [
    Breakage("ignored bits of CR3 set", [91]) { $0.registers.cr3 = CR3(rawValue: 0x10_0001) },
    Breakage("table of a needed path in a hole", [92], unchecked: [26, 27, 28, 32, 33, 93]) {
      let address = PageTableEntry(frame: gap, flags: .present | .writable)
      $0.edit(.pageDirectory, of: Layout.rsp0 - 8) { _ in address.rawValue }
    },
    Breakage("stack page in a hole", [93], follows: [32]) {
      $0.edit(.pageTable, of: Layout.rsp0 - 8) { _ in hole | 3 }
    },
    Breakage("another process's table", [94], options: .declared { $0.currentRoot = gap }) { _ in },
    Breakage("the user's half of the current process's pair", [], options: paired(user: Layout.root)) { _ in
    },
    Breakage("the kernel's half of a pair, in Ring 3", [94], options: paired(kernel: Layout.root)) { _ in },
    Breakage(
      "the user's half of another process's pair", [94], options: paired(user: Layout.root, current: stranger)
    ) { _ in },
    Breakage(
      "a neighbour, and not the partner that is declared", [94],
      options: paired(user: Layout.root, current: neighbour)
    ) { _ in },
    Breakage("another entry than the reference has", [100], unchecked: [94], options: .compared) {
      $0.copyRoot()
      $0.map(0xffff_a000_0000_0000, to: PhysicalAddress(truncating: 0x20_0000), flags: .present)
    },
    Breakage(
      "another entry in a slot that each process has of its own", [], unchecked: [94],
      options: .compared { $0.perProcessSlots[5] = 1 << 0 }
    ) {
      $0.copyRoot()
      $0.map(0xffff_a000_0000_0000, to: PhysicalAddress(truncating: 0x20_0000), flags: .present)
    },
    Breakage(
      "the entry of the running example missing", [26], follows: [28, 100], unchecked: [27, 32, 94],
      options: .compared
    ) {
      $0.copyRoot()
      $0.clear(.pml4, of: Layout.rsp0 - 8)
    },
    Breakage("A and D differ from the reference", [], unchecked: [94], options: .compared) {
      $0.copyRoot()
      $0.edit(.pml4, of: Layout.rsp0 - 8) { $0 ^ 0x60 }
    },
    Breakage("page above the kernel stack mapped", [106]) {
      $0.mapFresh(Layout.rsp0, flags: .present | .writable | .noExecute)
    },
    Breakage("page above an IST stack mapped", [106]) {
      $0.mapFresh(Layout.interruptStackTop(2), flags: .present | .writable | .noExecute)
    },
    Breakage("read-only page above the kernel stack", []) {
      $0.mapFresh(Layout.rsp0, flags: .present | .noExecute)
    },
    Breakage("page 0 mapped", [110]) { $0.mapFresh(0, flags: .present | .user) },
    Breakage("the way up still mapped", [110]) {
      $0.map(0x10_0000, to: PhysicalAddress(truncating: 0x10_0000), flags: .present | .writable)
    },
    Breakage("Ring 3 has a page where it is by chance", []) {
      $0.map(0x20_0000, to: PhysicalAddress(truncating: 0x20_0000), flags: .present | .user)
    },
    Breakage("SYSCALL below the hole", [111], options: .systemCalls) {
      $0.enableSystemCalls()
      $0.mapFresh(0x7fff_ffff_f000, flags: .present | .user)
    },
    Breakage("data below the hole", [], options: .systemCalls) {
      $0.enableSystemCalls()
      $0.mapFresh(0x7fff_ffff_f000, flags: .present | .user | .writable | .noExecute)
    },
    Breakage("large page of the wrong shape", [90], follows: [26, 28, 112], unchecked: [27, 32]) {
      $0.edit(.pageDirectory, of: Layout.rsp0 - 8) { _ in 0x20_2083 }
    },
    Breakage("stack not cached", [113]) {
      $0.registers.pageAttributeTable = 0x0007_0406_0007_0406
      $0.set(.cacheDisable, .pageTable, of: Layout.rsp0 - 8)
    },
    Breakage("write-through is write-back here", []) {
      $0.registers.pageAttributeTable = 0x0007_0606_0007_0606
      $0.set(.writeThrough, .pageTable, of: Layout.rsp0 - 8)
    },
    Breakage("page table of the IDT not cached", [113]) {
      $0.registers.pageAttributeTable = 0x0007_0406_0007_0406
      $0.set(.cacheDisable, .pageDirectory, of: Layout.idt)
    },
    Breakage("PCID of another live table", [108], options: .keptContexts) {
      $0.registers.cr4.insert(.processContextIdentifiers)
      $0.registers.cr3 = CR3(rawValue: Layout.root.address.rawValue | 5)
    },
    Breakage("PCID of its own", [], options: .keptContexts) {
      $0.registers.cr4.insert(.processContextIdentifiers)
      $0.registers.cr3 = CR3(rawValue: Layout.root.address.rawValue | 6)
    },
    Breakage("its own PCID, declared as well", [], options: .keptContexts) {
      $0.registers.cr4.insert(.processContextIdentifiers)
      $0.registers.cr3 = CR3(rawValue: Layout.root.address.rawValue | 7)
    },
    Breakage("root table not cached", [113]) {
      $0.registers.pageAttributeTable = 0x0007_0406_0007_0406
      $0.registers.cr3 = CR3(rawValue: 0x10_0010)
    },
  ]
}

extension AuditOptions {
  /// Another table under PCID 5 and the machine's own under PCID 7, neither of them dropped by a load of CR3.
  fileprivate static let keptContexts = AuditOptions.declared {
    $0.keptContexts[1] = CR3(rawValue: 0x7f_f000 | 5)
    $0.keptContexts[3] = CR3(rawValue: Layout.root.address.rawValue | 7)
  }

  /// The declared options, with a table to compare with that is not the machine's own.
  static var compared: AuditOptions {
    var options = AuditOptions.declared
    options.currentRoot = nil
    return options
  }

  static func compared(_ change: (inout AuditOptions) -> Void) -> AuditOptions {
    var options = AuditOptions.compared
    change(&options)
    return options
  }
}

extension TestMachine {
  /// Gives the machine a root table of its own with the same entries.
  mutating func copyRoot() {
    let copy = allocateFrame()
    for index in UInt64(0)..<512 {
      store(load(root.address + index * 8)!, at: copy.address + index * 8)
    }
    registers.cr3 = CR3(root: copy)
  }
}
