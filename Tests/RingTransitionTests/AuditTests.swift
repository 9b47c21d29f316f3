import RingTransition
import TestSupport
import Testing
import X86

@Suite struct AuditTests {
  @Test func healthyMachineHoldsEveryRule() {
    let collector = TestMachine.healthy.audited()
    #expect(collector.notHeld == [])
    #expect(collector.findings.map(\.rule.number) == Rule.auditedNumbers)
    #expect(
      collector.reasons == [
        41: .systemCallInstruction, 47: .oneProcessor, 73: .pageTableIsolation, 85: .systemCallInstruction,
        108: .featureOff, 111: .systemCallInstruction,
        120: .systemCallInstruction, 121: .systemCallInstruction, 122: .compatibilityMode,
        123: .systemCallInstruction, 124: .systemCallInstruction, 125: .swapgs, 126: .interruptReturn,
        127: .interruptReturn, 128: .systemCallInstruction, 129: .interruptReturn, 131: .interruptReturn,
        132: .systemCallInstruction, 147: .featureOff, 148: .featureOff, 163: .swapgs,
      ])
  }

  @Test func healthyMachineWithSystemCallsHoldsMore() {
    var machine = TestMachine.healthy
    machine.enableSystemCalls()
    let collector = machine.audited(.systemCalls)
    #expect(collector.notHeld == [])
    #expect(collector.skipped == [47, 73, 108, 122, 126, 127, 129, 131, 147, 148, 163])
    machine.standAtSysretq()
    let systemReturn = machine.audited(.systemCalls)
    #expect(systemReturn.notHeld == [])
    #expect(
      systemReturn.skipped == Array(1...9) + [13, 17, 47, 48, 49, 73, 81, 108, 122, 131, 147, 148, 163])
    #expect(systemReturn.findings.map(\.rule.number) == Rule.auditedNumbers)
  }

  @Test(arguments: [AuditScope.everyReturn, .onChange, .everything]) func scope(_ scope: AuditScope) {
    var options = AuditOptions.declared
    options.scope = scope
    let asked = TestMachine.healthy.audited(options).findings.map(\.rule)
    #expect(asked.map(\.number) == Rule.audited.filter { scope.asks($0.tier) }.map(\.number))
    #expect(asked.contains(.rsp0FramePagesWritable) && asked.contains(.rsp0BelongsToCurrent))
    #expect(asked.contains(.gateReservedBits) == (scope != .everyReturn))
  }

  @Test(arguments: Breakage.all) func breakage(_ breakage: Breakage) {
    let collector = breakage.machine.audited(breakage.options)
    #expect(collector.roots == breakage.roots)
    #expect(collector.followers == breakage.followers)
    #expect(collector.unchecked == breakage.unchecked.sorted())
    #expect(collector.findings.map(\.rule.number) == Rule.auditedNumbers, "one finding per rule, in order")
  }

  @Test func everyAuditedRuleIsSeenViolated() {
    var seen: Set<UInt16> = []
    for breakage in Breakage.all { seen.formUnion(breakage.roots + breakage.followers) }
    #expect(seen == Set(Rule.auditedNumbers))
  }

  @Test func undeclaredKernelIsAuditedAsFarAsItGoes() {
    let collector = TestMachine.healthy.audited(AuditOptions())
    #expect(collector.roots == [])
    #expect(collector.unchecked == [17, 30, 33, 45, 47, 49, 74, 93, 94, 100, 106, 125, 151])
    #expect(
      collector.reasons.filter { $0.value == .notDeclared }.map(\.key).sorted() == [72, 73, 146, 162])
  }

  @Test func minimalNeedIsCheckedWithoutADeclaredSize() {
    var machine = TestMachine.healthy
    machine.setRSP0(Layout.rsp0 - 0x3000)
    var options = AuditOptions.declared
    options.kernelStackSize = nil
    options.currentStackTop = Layout.rsp0 - 0x3000
    #expect(machine.audited(options).roots == [])
    machine.setRSP0(Layout.rsp0 - 0x3000 - 0x800)
    options.currentStackTop = Layout.rsp0 - 0x3000 - 0x800
    #expect(machine.audited(options).roots == [28])
  }

  @Test func returnInsideTheKernelAsksSevenRules() {
    var machine = TestMachine.healthy
    machine.editFrame {
      $0.cs = 0x08
      $0.ss = 0
      $0.rip = Layout.kernelText
      $0.rsp = Layout.rsp0
    }
    machine.setRSP0(0)
    var collector = FindingCollector()
    let kind = auditReturn(&machine, options: AuditOptions(), sink: &collector)
    #expect(kind == .toRingZero)
    #expect(collector.findings.map(\.rule.number) == [1, 2, 3, 5, 6, 9, 49])
    // How large the IST stacks are was not declared.
    #expect(collector.notHeld == [49])
    machine.editFrame { $0.rip = 0x9000_0000_0000 }
    #expect(machine.audited(AuditOptions()).roots == [5])
  }

  /// Whether a frame of Ring 0 lies on the stack of NMI can be told as well as of Ring 3: the TSS is there.
  @Test func returnInsideTheKernelKnowsTheStackOfNMI() {
    let intoKernel: (inout InterruptFrame) -> Void = {
      $0.cs = 0x08
      $0.ss = 0
      $0.rip = Layout.kernelText
      $0.rsp = Layout.rsp0
    }
    var machine = TestMachine.healthy
    machine.editFrame(intoKernel)
    var options = AuditOptions.declared
    options.destination = .any
    var nested = machine
    nested.moveFrame(to: Layout.interruptStackTop(2) - 0x100)
    nested.editFrame(intoKernel)
    var collector = FindingCollector()
    #expect(auditReturn(&machine, options: options, sink: &collector) == .toRingZero)
    #expect(collector.notHeld == [])
    #expect(nested.audited(options).roots == [49])
    options.nestedNonMaskableFrames = .used
    #expect(nested.audited(options).roots == [])
  }

  @Test func notInLongModeNothingIsChecked() {
    var machine = TestMachine.healthy
    machine.registers.efer.remove(.longModeActive)
    let collector = machine.audited()
    #expect(collector.unchecked == Rule.auditedNumbers.filter { $0 != 140 })
    #expect(collector.roots == [140])
  }

  @Test func frameGivenAsAValue() {
    var machine = TestMachine.healthy
    machine.registers.rsp = 0
    machine.registers.rip = 0
    var collector = FindingCollector()
    let kind = auditEntryStack(
      &machine, frame: TestMachine.userFrame, options: .declared, sink: &collector)
    #expect(kind == .toRingThree)
    #expect(collector.findings.map(\.rule.number) == Rule.auditedNumbers)
    #expect(collector.reasons.filter { $0.value == .frameGiven }.map(\.key).sorted() == [1, 2, 17, 48, 49])
    #expect(collector.notHeld == [])
    machine.clear(.pml4, of: Layout.rsp0 - 8)
    collector = FindingCollector()
    auditEntryStack(&machine, frame: TestMachine.userFrame, options: .declared, sink: &collector)
    #expect(collector.roots == [26])
  }

  @Test func severityOfTheFlagsImage() {
    var machine = TestMachine.healthy
    machine.editFrame { $0.rflags.insert(.trap) }
    #expect(machine.audited().finding(.rflagsImagePolicy)?.severity == .security)
    machine.editFrame { $0.rflags.remove(.interruptEnable) }
    #expect(machine.audited().finding(.rflagsImagePolicy)?.severity == .fatal)
  }

  @Test func evidenceNamesThePageAndTheLevel() throws {
    var machine = TestMachine.healthy
    machine.clear(.pml4, of: Layout.rsp0 - 8)
    let finding = try #require(machine.audited().finding(.rsp0FramePagesWritable))
    guard case .access(let walk, .supervisorWrite, let result) = finding.evidence else {
      Issue.record("no refused access")
      return
    }
    #expect(walk.address.rawValue == 0xffff_c900_0000_4ff8)
    #expect(walk.outcome == .notPresent(.pml4))
    #expect(walk[0].index == 402)
    #expect(result == .pageFault(.write))
  }

  @Test func frameAcrossAPageNamesTheFirstPushThatFails() throws {
    var machine = TestMachine.healthy
    machine.setRSP0(Layout.guardPage + 0x1010)
    let finding = try #require(machine.audited().finding(.rsp0FramePagesWritable))
    guard case .access(let walk, _, _) = finding.evidence else {
      Issue.record("no refused access")
      return
    }
    #expect(walk.address.rawValue == Layout.guardPage + 0xff8)
  }
}

extension Rule {
  /// The audited rules, in order.
  static var audited: [Rule] { (1...highestNumber).compactMap { Rule(number: $0) }.filter(\.isAudited) }
  static var auditedNumbers: [UInt16] { audited.map(\.number) }
  static var auditedCount: Int { audited.count }
}
