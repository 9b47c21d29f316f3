import X86

/// What one rule came to on one machine.
public struct Finding: Sendable {
  public let rule: Rule
  public let verdict: Verdict

  public init(_ rule: Rule, _ verdict: Verdict) {
    self.rule = rule
    self.verdict = verdict
  }
}

/// The three answers a rule can give.
public enum Verdict: Sendable {
  case held
  case violated(Evidence)
  /// Not checked, and why: never to be read as "held".
  case unknown(Missing)
}

/// The values that show a violation; the words are made elsewhere.
public enum Evidence: Sendable {
  /// A linear access that the tables refuse. `fault` is what the processor would raise.
  case access(PageWalk, PageAccess, AccessResult)
  /// A register or field with a value it must not have.
  case value(Subject, UInt64)
  /// A register or field that should have had another value.
  case mismatch(Subject, actual: UInt64, expected: UInt64)
  /// A descriptor that cannot serve the selector that names it; nil when the index is past the table's limit.
  case descriptor(SegmentSelector, SegmentDescriptor?)
  /// A gate that cannot deliver its vector.
  case gate(vector: UInt8, GateDescriptor)
  /// A translation that works and must not: its rights are the finding.
  case rights(PageWalk)
}

/// The thing a value belongs to.
public enum Subject: UInt8, Equatable, Sendable {
  case rsp0
  case interruptStack1, interruptStack2, interruptStack3, interruptStack4
  case interruptStack5, interruptStack6, interruptStack7
  case taskRegisterSelector
  case taskRegisterBase
  case taskRegisterLimit
  case taskRegisterType
  case frameAddress
  case frameRIP
  case frameCS
  case frameRFlags
  case frameRSP
  case frameSS
  case currentRFlags
  case opcode
  case rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp
  case r8, r9, r10, r11, r12, r13, r14, r15
  case ds, es, fs, gs
  case stackFrame
}

/// What would have been needed to check a rule.
public enum Missing: UInt8, Equatable, Sendable {
  case taskRegister
  case globalTable
  case interruptTable
  case localTable
  case taskStateSegment
  case returnFrame
  case descriptor
  case gate
  case codeBytes
  case memory
  case currentThread
  case stackSize
  /// The processor is not in long mode, so the rule has no meaning.
  case longMode
}

/// Where findings go, one by one, as they are made: the kernel prints, kdbg collects.
public protocol FindingSink {
  mutating func record(_ finding: Finding)
}
