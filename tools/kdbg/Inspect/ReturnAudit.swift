import RingTransition
import X86

/// What every rule came to at one return to Ring 3.
public struct ReturnAudit: Sendable {
  /// The registers at the `iretq`, before it executes.
  public let registers: RegisterFile
  /// The frame it will pop; nil where it cannot be read.
  public let frame: InterruptFrame?
  /// In the catalogue's order.
  public let findings: [Finding]
  /// The violation that the others follow from, or the most urgent one; nil when nothing is violated.
  public let root: Finding?
  /// The process that the kernel says is current.
  public let process: CurrentProcess?

  /// Audits the return that `machine` is about to make, with whatever `kernel` says about itself.
  public init(of machine: inout some Debuggee, kernel: KernelTable?) {
    let registers = machine.registers
    var collector = FindingCollector()
    auditReturn(&machine, options: AuditOptions(kernel), sink: &collector)
    self.registers = registers
    frame = InterruptFrame.read(
      at: VirtualAddress(registers.rsp), root: registers.cr3.root, mode: registers.pagingMode,
      memory: &machine)
    findings = collector.findings
    root = collector.tally.root
    process = kernel?.process
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
  public var unchecked: [Finding] { findings.filter { !$0.isViolated && !$0.isHeld } }

  /// True when a violation makes the next entry fail, or gives Ring 3 what it must not have. A breach of
  /// hygiene alone ends no check.
  public var endsCheck: Bool { violations.contains { $0.severity != .hygiene } }
}

/// Keeps every finding.
struct FindingCollector: FindingSink {
  private(set) var findings: [Finding] = []
  private(set) var tally = FindingTally()

  mutating func record(_ finding: Finding) {
    findings.append(finding)
    tally.record(finding)
  }
}

extension AuditOptions {
  /// What the kernel declares about its stacks; nothing for a kernel that declares nothing.
  init(_ kernel: KernelTable?) {
    self.init()
    guard let kernel else { return }
    kernelStackSize = kernel.kernelStackSize
    interruptStackSize = kernel.interruptStacks.filter { !$0.isEmpty }.map { UInt64($0.count) }.min()
    if kernel.exitFrame != 0 { frameEnd = kernel.exitFrame &+ InterruptFrame.byteCount }
    currentStackTop = kernel.process?.kernelStackTop
    if !kernel.exitStack.isEmpty {
      otherStacks[0] = StackInterval(low: kernel.exitStack.lowerBound, high: kernel.exitStack.upperBound)
    }
  }
}
