import RingTransition
import TestSupport
import Testing
import X86

/// Audits where no return instruction stands: a healthy machine breaks no rule there.
@Suite struct AwayFromReturnTests {
  /// What has nothing to judge in Ring 3, and elsewhere in the kernel.
  private static let aboutReturn: [UInt16] =
    Array(1...17) + [48, 49, 81] + Array(126...131) + [144] + Array(160...162)
  private static let inKernel = (aboutReturn + [30, 94, 125, 145, 151]).sorted()

  private static func skipped(_ collector: FindingCollector) -> [UInt16] {
    collector.reasons.filter { $0.value == .notAtReturn }.map(\.key).sorted()
  }

  /// Options as for an undeclared return.
  private static var options: AuditOptions {
    var options = AuditOptions.declared
    options.destination = .any
    return options
  }

  @Test func healthyMachineInRingThree() {
    var machine = TestMachine.healthy
    machine.enterRingThree()
    let collector = machine.audited(Self.options)
    #expect(collector.notHeld == [])
    #expect(Self.skipped(collector) == Self.aboutReturn)
    #expect(collector.findings.map(\.rule.number) == Rule.auditedNumbers)
    // The bytes of a return in Ring 3's own code are no return of the kernel's.
    machine.storeVirtual([0x48, 0xcf], at: Layout.interruptInstruction)
    #expect(Self.skipped(machine.audited(Self.options)) == Self.aboutReturn)
  }

  @Test func healthyMachineElsewhereInTheKernel() {
    var machine = TestMachine.healthy
    machine.registers.rip = Layout.kernelText + 0x80
    machine.registers.rsp = Layout.rsp0 - 0x100
    // As kernels are between an entry and a return: interrupts on, a lock held, priority raised, another table.
    machine.registers.rflags = .fixedOne | .interruptEnable
    machine.registers.cr8 = 4
    var options = Self.options
    options.lockDepth = 1
    options.currentStackTop = Layout.rsp0 - 0x1000
    options.currentRoot = nil
    var collector = FindingCollector()
    #expect(auditReturn(&machine, options: options, sink: &collector) == .nowhere)
    #expect(collector.notHeld == [])
    #expect(Self.skipped(collector) == Self.inKernel)
    #expect(collector.findings.map(\.rule.number) == Rule.auditedNumbers)
    // In Ring 3 the same are violations.
    machine.enterRingThree()
    #expect(machine.audited(options).roots.contains(151) && machine.audited(options).roots.contains(30))
  }

  /// What does not depend on a return is asked all the same.
  @Test(arguments: [true, false]) func brokenStack(inRingThree: Bool) {
    var machine = TestMachine.healthy
    machine.registers.rip = Layout.kernelText + 0x80
    if inRingThree { machine.enterRingThree() }
    machine.clear(.pml4, of: Layout.rsp0 - 8)
    #expect(machine.audited(Self.options).roots.contains(26))
  }

  /// Where a return is known to stand, memory that has another instruction is the finding.
  @Test func knownReturnThatWasOverwritten() {
    var machine = TestMachine.healthy
    machine.storeVirtual([0x90, 0x90], at: Layout.iretq)
    var options = Self.options
    #expect(Self.skipped(machine.audited(options)) == Self.inKernel)
    options.instruction = .iretq
    #expect(machine.audited(options).roots == [2])
    options = Self.options
    options.destination = .ringThree
    #expect(machine.audited(options).roots == [2])
  }
}
