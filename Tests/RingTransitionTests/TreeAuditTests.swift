import RingTransition
import TestSupport
import Testing
import X86

/// RT-101...RT-115: whole tables, one thing broken in each.
@Suite struct TreeAuditTests {
  private static let spare: UInt64 = 0xffff_ffff_8003_0000
  private static let constants = AuditOptions.declared {
    $0.kernelConstants = AddressInterval(low: spare, high: spare + 0x1000)
  }
  private static let userSpare: UInt64 = 0x3000_0000
  private static let data: PageTableEntry.Flags = .present | .writable | .noExecute

  /// PML4[416], where 0xffffd00000000000 is, belongs to each process.
  private static let ownSlot = AuditOptions.declared { $0.perProcessSlots[6] |= 1 << 32 }

  /// The loaded table is a copy of the first one.
  private static let paired = AuditOptions.declared {
    var machine = TestMachine.healthy
    machine.copyRoot()
    $0.pageTableIsolation = .used
    $0.tablePairs[0] = TablePair(kernel: Layout.root, user: machine.root)
  }

  static let breakages: [Breakage] = [
    Breakage("kernel page open to Ring 3", [101]) { $0.mapFresh(spare, flags: data | .user) },
    Breakage("U set at the leaf and clear above", []) {
      $0.mapFresh(0xffff_d000_0000_0000, flags: data | .user)
      $0.remove(.user, .pml4, of: 0xffff_d000_0000_0000)
    },
    Breakage("the page of system calls of old", []) {
      $0.mapFresh(0xffff_ffff_ff60_0000, flags: .present | .user)
    },
    Breakage("the same, writable", [101]) { $0.mapFresh(0xffff_ffff_ff60_0000, flags: data | .user) },
    Breakage("kernel stack in the user half", [102], follows: [115]) {
      $0.map(userSpare, to: $0.frame(of: Layout.rsp0 - 8), flags: data | .user)
    },
    Breakage("TSS in a large page of the user half", [102, 103], follows: [115]) {
      let frame = $0.frame(of: Layout.tss).rawValue & ~0x1f_ffff
      $0.map(0x4000_0000, to: PhysicalAddress(truncating: frame), flags: data | .user, size: .size2MiB)
    },
    Breakage("everything in a huge page of the user half", [102, 103], follows: [115]) {
      $0.map(
        0x40_0000_0000, to: PhysicalAddress(truncating: 0), flags: data | .user, size: .size1GiB)
    },
    Breakage("kernel stack in the user half, for the kernel alone", []) {
      $0.map(userSpare, to: $0.frame(of: Layout.rsp0 - 8), flags: data)
    },
    Breakage("page table in the user half", [103], follows: [115]) {
      $0.map(userSpare, to: $0.root.address, flags: data | .user)
    },
    Breakage("table of the kernel's half of a pair in the user half", [103], follows: [115], options: paired)
    {
      $0.copyRoot()
      $0.map(userSpare, to: Layout.root.address, flags: data | .user)
    },
    Breakage("critical frame open in the kernel half", [101], follows: [115]) {
      $0.map(spare, to: $0.frame(of: Layout.idt), flags: data | .user)
    },
    Breakage("table that maps itself, for the kernel", []) { $0.mapRoot(flags: .present | .writable) },
    Breakage("table that maps itself, for Ring 3", [103]) {
      $0.mapRoot(flags: .present | .writable | .user)
    },
    Breakage("kernel page writable and executable", [104]) {
      $0.mapFresh(spare, flags: .present | .writable)
    },
    Breakage("NX at the top is NX below", []) {
      $0.mapFresh(0xffff_d000_0000_0000, flags: .present | .writable)
      $0.set(.noExecute, .pml4, of: 0xffff_d000_0000_0000)
    },
    Breakage("kernel code writable", [104], follows: [105]) {
      $0.set(.writable, .pageTable, of: Layout.kernelText)
    },
    Breakage("kernel code writable and not executable", [105]) {
      $0.set(.writable | .noExecute, .pageTable, of: Layout.kernelText)
    },
    Breakage("constants, read and no more", [], options: constants) {
      $0.mapFresh(spare, flags: .present | .noExecute)
    },
    Breakage("constants executable", [105], options: constants) { $0.mapFresh(spare, flags: .present) },
    Breakage("constants writable", [105], options: constants) { $0.mapFresh(spare, flags: data) },
    Breakage("Ring 3 writes its code", [104]) {
      $0.mapFresh(userSpare, flags: .present | .writable | .user)
    },
    Breakage("Ring 3 may write its code", [], options: .declared { $0.generatedCode = .used }) {
      $0.mapFresh(userSpare, flags: .present | .writable | .user)
    },
    Breakage("global page of Ring 3", [107]) {
      $0.registers.cr4.insert(.pageGlobalEnable)
      $0.mapFresh(userSpare, flags: data | .user | .global)
    },
    Breakage("global page of the kernel", []) {
      $0.registers.cr4.insert(.pageGlobalEnable)
      $0.mapFresh(spare, flags: data | .global)
    },
    Breakage("global page that another table has elsewhere", [107]) {
      $0.registers.cr4.insert(.pageGlobalEnable)
      $0.mapFresh(0xffff_d000_0000_0000, flags: data | .global)
      $0.copyRoot()
      $0.clear(.pml4, of: 0xffff_d000_0000_0000)
      $0.mapFresh(0xffff_d000_0000_0000, flags: data | .global)
    },
    Breakage("global page of the reference that this table lacks", [107]) {
      $0.registers.cr4.insert(.pageGlobalEnable)
      $0.mapFresh(0xffff_d000_0000_0000, flags: data | .global)
      $0.copyRoot()
      $0.clear(.pml4, of: 0xffff_d000_0000_0000)
    },
    Breakage("the same in a slot of each process's own", [107], options: ownSlot) {
      $0.registers.cr4.insert(.pageGlobalEnable)
      $0.mapFresh(0xffff_d000_0000_0000, flags: data | .global)
      $0.copyRoot()
      $0.clear(.pml4, of: 0xffff_d000_0000_0000)
      $0.mapFresh(0xffff_d000_0000_0000, flags: data)
    },
    Breakage("a slot of each process's own, nothing global", [], options: ownSlot) {
      $0.registers.cr4.insert(.pageGlobalEnable)
      $0.mapFresh(0xffff_d000_0000_0000, flags: data)
      $0.copyRoot()
      $0.clear(.pml4, of: 0xffff_d000_0000_0000)
    },
    Breakage("global page that another table has alike, through other tables", []) {
      $0.registers.cr4.insert(.pageGlobalEnable)
      $0.mapFresh(0xffff_d000_0000_0000, flags: data | .global)
      let frame = $0.frame(of: 0xffff_d000_0000_0000)
      $0.copyRoot()
      $0.clear(.pml4, of: 0xffff_d000_0000_0000)
      $0.map(0xffff_d000_0000_0000, to: frame, flags: data | .global)
    },
    Breakage("page that another table has elsewhere, not global", []) {
      $0.registers.cr4.insert(.pageGlobalEnable)
      $0.mapFresh(0xffff_d000_0000_0000, flags: data)
      $0.copyRoot()
      $0.clear(.pml4, of: 0xffff_d000_0000_0000)
      $0.mapFresh(0xffff_d000_0000_0000, flags: data)
    },
    Breakage("tables where nothing can be written", [114], options: .declared { $0.memory = .rootAlone }) {
      _ in
    },
  ]

  @Test func healthyTablesHoldEveryRule() {
    let collector = TestMachine.healthy.auditedTables()
    #expect(collector.findings.map(\.rule.number) == [101, 102, 103, 104, 105, 107, 114, 115])
    #expect(collector.notHeld == [])
    #expect(collector.reasons == [107: .featureOff])
  }

  @Test(arguments: breakages) func breakage(_ breakage: Breakage) {
    let collector = breakage.machine.auditedTables(breakage.options)
    #expect(collector.roots == breakage.roots)
    #expect(collector.followers == breakage.followers)
    #expect(collector.unchecked == [])
  }

  @Test func everyRuleIsSeenViolated() {
    let seen = Set(Self.breakages.flatMap { $0.roots + $0.followers })
    let rules = (0...Rule.highestNumber).compactMap(Rule.init(number:)).filter(\.isAboutTables)
    #expect(seen == Set(rules.map(\.number)))
  }

  @Test func whatHasNoRoomIsNotCheckedAndNotCalledHeld() {
    let collector = TestMachine.healthy.auditedTables(room: 6)
    #expect(collector.unchecked == [101, 102, 103, 104, 114, 115])
    #expect(collector.roots == [])
  }

  @Test func whatCannotBeReadIsNotCheckedAndNotCalledHeld() {
    var machine = TestMachine.healthy
    machine.edit(.pageDirectory, of: Layout.userText) { _ in 0x7f_0000_0000 | 7 }
    #expect(machine.auditedTables().unchecked == [101, 102, 103, 104, 115])
  }

  @Test func withoutDeclarationsItSaysWhatItDoesNotKnow() {
    let collector = TestMachine.healthy.auditedTables(AuditOptions())
    #expect(collector.roots == [])
    #expect(collector.unchecked == [114])
    #expect(collector.skipped == [105, 107])
  }

  @Test func outsideLongModeNothingIsRead() {
    var machine = TestMachine.healthy
    machine.registers.efer.remove(.longModeActive)
    #expect(machine.auditedTables().unchecked == [101, 102, 103, 104, 105, 107, 114, 115])
  }

  @Test func returnsAskNothingOfTheseTwice() {
    for rule in (0...Rule.highestNumber).compactMap(Rule.init(number:)) where rule.isAboutTables {
      #expect(!rule.isAudited && !rule.isAboutProcessors)
    }
  }
}

extension MemoryMap {
  fileprivate static var rootAlone: MemoryMap {
    var map = MemoryMap()
    map.insert(low: Layout.root.address.rawValue, high: Layout.root.address.rawValue + 4096)
    return map
  }
}

extension TestMachine {
  fileprivate mutating func frame(of address: UInt64) -> PhysicalAddress {
    PhysicalFrame(containing: physical(address)).address
  }

  /// Makes PML4[510] lead to the root table.
  fileprivate mutating func mapRoot(flags: PageTableEntry.Flags) {
    store(PageTableEntry(frame: root, flags: flags).rawValue, at: root.address + 510 * 8)
  }
}
