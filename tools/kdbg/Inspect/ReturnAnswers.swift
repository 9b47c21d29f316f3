import RingTransition
import X86

/// What one more return came to where all that an earlier audit stood on is as it was: the rules about a return, asked
/// anew, and the others' answers as they were.
struct ReturnAnswers: Sendable {
  let registers: RegisterFile
  /// Of the rules about this return, in the catalogue's order.
  let fresh: [Finding]
  /// Of the others: none violated, or it would not be leaned on.
  let standing: [Finding]
  private let kind: AuditedReturn
  private let frame: InterruptFrame?
  private let leadsToRingThree: Bool
  private let process: CurrentProcess?

  /// The answers of one more return where `set` still stands, and the addresses of what was read beside it.
  static func again(
    of machine: inout some Debuggee, _ declared: KernelDeclarations, _ selection: AuditSelection,
    _ set: ValidatedSet, _ known: KnownQwords
  ) -> (ReturnAnswers, others: [UInt64]) {
    let registers = machine.registers
    var options = declared.options(for: registers, selection)
    options.portion = .thisReturn
    var memory = PartlyKnownMemory(machine, known, registers)
    var sink = FindingList()
    let kind = auditReturn(&memory, options: options, sink: &sink)
    let answers = ReturnAnswers(
      registers: registers, fresh: sink.findings, standing: kind == .toRingZero ? [] : set.findings,
      kind: kind,
      frame: kind == .nowhere ? nil : ReturnAudit.returnFrame(of: &memory),
      leadsToRingThree: declared.leadsToRingThree(registers.rip), process: declared.table?.process)
    return (answers, memory.known.others)
  }

  /// True where nothing is violated, and the return is one to Ring 3.
  var areGood: Bool { kind == .toRingThree && !fresh.contains(where: \.isViolated) }

  /// All of it, as an audit that read everything would have it.
  func audit(asking selection: AuditSelection) -> ReturnAudit {
    var collector = FindingCollector(selection)
    for finding in (fresh + standing).sorted(by: { $0.rule.number < $1.rule.number }) {
      collector.record(finding)
    }
    return ReturnAudit(
      registers: registers, frame: frame, collector,
      isInsideKernel: frame?.isUser == false && !leadsToRingThree, process: process)
  }
}

/// Keeps every finding.
private struct FindingList: FindingSink {
  private(set) var findings: [Finding] = []

  mutating func record(_ finding: Finding) { findings.append(finding) }
}
