import RingTransition
import TestSupport
import Testing
import X86

/// RT-170...RT-178: two processors of a healthy machine, one thing broken in each.
@Suite struct ProcessorAuditTests {
  struct Pair: Sendable {
    var machine = TestMachine.healthy
    var second = RegisterFile()
    var options = AuditOptions.declared
    var declarations = [
      ProcessorDeclaration(block: Layout.perProcessorBlock, thread: 1),
      ProcessorDeclaration(block: Layout.perProcessorBlock + 0x1000, thread: 2),
    ]

    init() {
      second = machine.addProcessor()
      options.processorCount = 2
      options.swapgs = .used
      machine.registers.kernelGSBase = Layout.perProcessorBlock
      machine.registers.pageAttributeTable = 0x0007_0406_0007_0406
      second.pageAttributeTable = 0x0007_0406_0007_0406
      second.kernelGSBase = Layout.perProcessorBlock + 0x1000
      options.retiredRoots[0] = PhysicalFrame(containing: PhysicalAddress(truncating: 0x7000_0000))
      options.pendingShootdowns = 0
    }

    func audited() -> FindingCollector {
      var (memory, collector) = (machine, FindingCollector())
      let processors = [machine.registers, second]
      auditProcessors(
        processors.span, declarations: declarations.span, memory: &memory, options: options,
        sink: &collector)
      return collector
    }
  }

  struct Case: CustomTestStringConvertible, Sendable {
    let name: String
    let roots: [UInt16]
    let followers: [UInt16]
    let unchecked: [UInt16]
    let change: @Sendable (inout Pair) -> Void

    init(
      _ name: String, _ roots: [UInt16], follows followers: [UInt16] = [], unchecked: [UInt16] = [],
      _ change: @escaping @Sendable (inout Pair) -> Void
    ) {
      (self.name, self.roots, self.followers) = (name, roots, followers)
      (self.unchecked, self.change) = (unchecked, change)
    }

    var testDescription: String { name }
  }

  static let cases: [Case] = [
    Case("one TSS for both", [170], follows: [171, 173]) {
      $0.second.taskRegister = $0.machine.registers.taskRegister
      $0.second.globalTable = $0.machine.registers.globalTable
    },
    Case("one RSP0 for both", [171]) {
      $0.machine.storeVirtual(Layout.rsp0, at: TestMachine.secondTaskState + 4)
    },
    Case("one IST stack inside the other's", [171]) {
      $0.machine.storeVirtual(Layout.interruptStackTop(2) - 0x1000, at: TestMachine.secondTaskState + 36)
    },
    Case("two addresses of one stack", [171]) {
      let frame = PhysicalFrame(containing: $0.machine.physical(Layout.rsp0 - 8)).address
      $0.machine.map(
        TestMachine.secondStackTop - 0x1000, to: frame, flags: .present | .writable | .noExecute)
    },
    Case("one thread on both", [172]) { $0.declarations[1].thread = 1 },
    Case("a TSS that is not busy", [173]) {
      $0.machine.storeVirtual(
        $0.machine.loadVirtual(TestMachine.secondTables + 24)! & ~(2 << 40), at: TestMachine.secondTables + 24
      )
    },
    Case("one block for both", [174]) {
      $0.second.kernelGSBase = Layout.perProcessorBlock
      $0.declarations = []
    },
    Case("another block than declared", [174]) { $0.declarations[1].block = 0xffff_ffff_8009_0000 },
    Case("NXE forgotten", [175], follows: [176], unchecked: [171, 173]) {
      $0.second.efer.remove(.noExecuteEnable)
    },
    Case("WP forgotten", [175]) { $0.second.cr0.remove(.writeProtect) },
    Case("MCE forgotten", [175]) { $0.second.cr4.remove(.machineCheckEnable) },
    Case("another PAT", [175]) { $0.second.pageAttributeTable = 0 },
    Case("another LSTAR", [175]) {
      $0.options.systemCallInstruction = .used
      $0.machine.registers.efer.insert(.syscallEnable)
      $0.second.efer.insert(.syscallEnable)
      $0.machine.registers.star = 0
      $0.machine.registers.syscallMask = 0
      $0.machine.registers.lstar = Layout.systemCallEntry
      $0.second.star = 0
      $0.second.syscallMask = 0
      $0.second.lstar = Layout.systemCallEntry + 16
    },
    Case("one processor's PAT not known", [], unchecked: [175]) { $0.second.pageAttributeTable = nil },
    Case("another gate in an IDT of its own", [175]) {
      $0.machine.copyPage(of: Layout.idt, to: 0xffff_ffff_8005_0000)
      $0.second.interruptTable?.base = VirtualAddress(0xffff_ffff_8005_0000)
      $0.machine.storeVirtual(0, at: 0xffff_ffff_8005_0000 + 14 * 16)
    },
    Case("the same gates in an IDT of its own", []) {
      $0.machine.copyPage(of: Layout.idt, to: 0xffff_ffff_8005_0000)
      $0.second.interruptTable?.base = VirtualAddress(0xffff_ffff_8005_0000)
    },
    Case("a TSS that the other's table has not", [176]) {
      $0.machine.copyRoot()
      $0.machine.clear(.pml4, of: TestMachine.secondTaskState)
    },
    Case("an IST stack that is nowhere", [176]) {
      $0.machine.storeVirtual(0xffff_ffff_8006_0000, at: TestMachine.secondTaskState + 36)
    },
    Case("an IST word that no gate names", []) {
      $0.machine.storeVirtual(0xffff_ffff_8006_0000, at: TestMachine.secondTaskState + 84)
    },
    Case("a table that is being freed", [177]) { $0.options.retiredRoots[0] = Layout.root },
    Case("a shootdown that nobody answered", [178]) { $0.options.pendingShootdowns = 1 },
  ]

  @Test func healthyProcessorsHoldEveryRule() {
    let collector = Pair().audited()
    #expect(collector.findings.map(\.rule.number) == Array(170...178))
    #expect(collector.notHeld == [])
    #expect(collector.skipped == [])
  }

  @Test(arguments: cases) func breakage(_ breakage: Case) {
    var pair = Pair()
    breakage.change(&pair)
    let collector = pair.audited()
    #expect(collector.roots == breakage.roots)
    #expect(collector.followers == breakage.followers)
    #expect(collector.unchecked == breakage.unchecked)
  }

  @Test func everyRuleIsSeenViolated() {
    #expect(Set(Self.cases.flatMap { $0.roots + $0.followers }) == Set(170...178))
  }

  @Test func oneProcessorHasNobodyToBeComparedWith() {
    var pair = Pair()
    pair.second.efer.remove(.longModeActive)
    pair.options.processorCount = 1
    #expect(pair.audited().skipped == Array(170...176))
    pair.options.processorCount = 2
    #expect(pair.audited().unchecked == Array(170...176))
  }

  @Test func whatIsNotKnownIsNotCheckedAndNotCalledHeld() {
    var pair = Pair()
    pair.second.taskRegister = nil
    pair.second.kernelGSBase = nil
    pair.second.pageAttributeTable = nil
    pair.declarations = []
    pair.options.pendingShootdowns = nil
    pair.options.retiredRoots[0] = nil
    let collector = pair.audited()
    #expect(collector.roots == [])
    #expect(collector.unchecked == [170, 171, 173, 174, 175, 176])
    #expect(collector.skipped == [172, 177, 178])
    // No table is being freed, and the kernel would say if one were.
    pair.options.rootRetirement = .listed
    #expect(pair.audited().skipped == [172, 178])
  }
}

extension TestMachine {
  static let secondTaskState: UInt64 = 0xffff_e000_0000_2000
  static let secondTables: UInt64 = 0xffff_e000_0000_1000
  static let secondStackTop: UInt64 = 0xffff_c900_0001_5000

  /// The tables and stacks of a second processor, and the registers that name them.
  fileprivate mutating func addProcessor() -> RegisterFile {
    let data: PageTableEntry.Flags = .present | .writable | .noExecute
    copyPage(of: Layout.gdt, to: Self.secondTables)
    mapFresh(Self.secondTaskState, flags: data)
    mapFresh(Self.secondStackTop - Layout.stackSize, pages: 4, flags: data)
    storeVirtual(Self.secondStackTop, at: Self.secondTaskState + 4)
    for slot in 1...7 {
      let top = Layout.interruptStackTop(slot) + 0x10_0000
      mapFresh(top - Layout.stackSize, pages: 4, flags: data)
      storeVirtual(top, at: Self.secondTaskState + 36 + UInt64(slot - 1) * 8)
    }
    let base = Self.secondTaskState
    storeVirtual(
      0x67 | (base & 0xff_ffff) << 16 | 0x8b << 40 | (base >> 24 & 0xff) << 56, at: Self.secondTables + 24)
    storeVirtual(base >> 32, at: Self.secondTables + 32)
    var second = registers
    second.globalTable = TableRegister(base: VirtualAddress(Self.secondTables), limit: 55)
    second.taskRegister = SegmentCache(
      selector: SegmentSelector(rawValue: 0x18), base: base, limit: 103,
      attributes: SegmentAttributes(rawValue: 0x8b))
    return second
  }

  fileprivate mutating func copyPage(of address: UInt64, to copy: UInt64) {
    mapFresh(copy, flags: .present | .writable | .noExecute)
    for offset in stride(from: UInt64(0), to: 4096, by: 8) {
      storeVirtual(loadVirtual(address + offset)!, at: copy + offset)
    }
  }
}
