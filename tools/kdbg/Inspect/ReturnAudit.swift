import RingTransition
import X86

/// What every rule came to at one return to Ring 3.
public struct ReturnAudit: Sendable {
  /// The registers at the return instruction, before it executes.
  public let registers: RegisterFile
  /// What Ring 3 will start with: the frame that `iretq` will pop, or what `sysretq` makes of the registers; nil
  /// where it cannot be told, and where no return instruction stands.
  public let frame: InterruptFrame?
  /// In the catalogue's order.
  public let findings: [Finding]
  /// The violation that the others follow from, or the most urgent one; nil when nothing is violated.
  public let root: Finding?
  /// True where the frame leads to Ring 0 and may do so.
  public let isInsideKernel: Bool
  /// The process that the kernel says is current.
  public let process: CurrentProcess?
  /// The least severity that ends a check.
  public var leastSeverity = ReturnChecker.standardSeverity

  /// Audits the return that `machine` is about to make, with whatever is known of its kernel.
  public init(
    of machine: inout some Debuggee, declared: KernelDeclarations,
    asking selection: AuditSelection = AuditSelection()
  ) {
    var collector = FindingCollector(selection)
    let kind: AuditedReturn
    if let cr3 = selection.cr3 {
      var other = MachineWithRegisters(machine, cr3: cr3)
      (registers, frame, kind) = Self.audit(&other, declared, selection, &collector)
    } else {
      (registers, frame, kind) = Self.audit(&machine, declared, selection, &collector)
      if kind != .toRingZero, selection.scope != .everyReturn {
        Self.auditProcessors(of: &machine, declared, selection, &collector)
      }
    }
    findings = collector.findings.sorted { $0.rule.number < $1.rule.number }
    root = collector.tally.root
    process = declared.table?.process
    isInsideKernel = frame?.isUser == false && !declared.leadsToRingThree(registers.rip)
  }

  private static func audit(
    _ machine: inout some MachineView, _ declared: KernelDeclarations, _ selection: AuditSelection,
    _ collector: inout FindingCollector
  ) -> (RegisterFile, InterruptFrame?, AuditedReturn) {
    let registers = machine.registers
    let options = declared.options(for: registers, selection)
    let kind = auditReturn(&machine, options: options, sink: &collector)
    if kind != .toRingZero, options.scope == .everything {
      var scratch = HostFrameScratch()
      auditTables(&machine, options: options, scratch: &scratch, sink: &collector)
    }
    return (registers, kind == .nowhere ? nil : returnFrame(of: &machine), kind)
  }

  /// Holds the processors against one another. Where the others cannot be read, one is all that is known.
  private static func auditProcessors(
    of machine: inout some Debuggee, _ declared: KernelDeclarations, _ selection: AuditSelection,
    _ collector: inout FindingCollector
  ) {
    let registers = machine.registers
    let processors = (try? machine.processorRegisters()) ?? [registers]
    let declarations = declared.processors
    RingTransition.auditProcessors(
      processors.span, declarations: declarations.span, memory: &machine,
      options: declared.options(for: registers, selection), sink: &collector)
  }

  init(
    registers: RegisterFile, frame: InterruptFrame?, _ collector: FindingCollector, isInsideKernel: Bool,
    process: CurrentProcess?
  ) {
    self.registers = registers
    self.frame = frame
    findings = collector.findings
    root = collector.tally.root
    self.isInsideKernel = isInsideKernel
    self.process = process
  }

  static func returnFrame(of machine: inout some MachineView) -> InterruptFrame? {
    if returnKind(on: &machine) == .sysretq {
      guard case .returns(let frame) = predictReturn(.sysretq, on: &machine) else { return nil }
      return frame
    }
    let registers = machine.registers
    return InterruptFrame.read(
      at: VirtualAddress(registers.rsp), root: registers.cr3.root, mode: registers.pagingMode,
      memory: &machine)
  }

  /// Every violation, in the catalogue's order.
  public var violations: [Finding] { findings.filter(\.isViolated) }
  /// The violations that follow from `cause`.
  public func consequences(of cause: Finding) -> [Finding] { violations.filter { $0.follows(cause) } }
  /// The violations that follow from no other, the most urgent first.
  public var causes: [Finding] {
    let independent = violations.filter { finding in !violations.contains { finding.follows($0) } }
    return independent.filter { $0.rule == root?.rule } + independent.filter { $0.rule != root?.rule }
  }
  /// The rules that gave no answer.
  public var unchecked: [Finding] { findings.filter(\.isUnknown) }
  /// The rules that do not apply.
  public var skipped: [Finding] { findings.filter(\.isSkipped) }

  /// True when a check that comes to this return ends here: a violation makes the next entry fail, gives Ring 3 what it
  /// must not have, or is of another kind that was asked for.
  public var endsCheck: Bool { isViolated(from: leastSeverity) }

  /// True when a violation weighs as much as `least`.
  public func isViolated(from least: Severity) -> Bool {
    violations.contains { $0.severity.isAtLeast(least) }
  }
}

/// Keeps the findings that were asked for.
struct FindingCollector: FindingSink {
  private let selection: AuditSelection
  private(set) var findings: [Finding] = []
  private(set) var tally = FindingTally()

  init(_ selection: AuditSelection) { self.selection = selection }

  mutating func record(_ finding: Finding) {
    guard selection.includes(finding) else { return }
    findings.append(finding)
    tally.record(finding)
  }
}
