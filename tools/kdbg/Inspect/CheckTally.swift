import RingTransition
import Session
import X86

/// What the audited returns came to, counted: by processor, by address space, by rule. Its size does not depend on how
/// many returns there are.
public struct CheckTally: Sendable {
  /// What one rule came to.
  public struct RuleCount: Sendable {
    public let rule: Rule
    public fileprivate(set) var held = 0
    public fileprivate(set) var violated = 0
    public fileprivate(set) var unknown = 0
    public fileprivate(set) var skipped = 0
    /// The first of each kind.
    public fileprivate(set) var violation: Finding?
    public fileprivate(set) var doubt: Finding?
    public fileprivate(set) var skip: Finding?

    fileprivate init(_ rule: Rule) { self.rule = rule }

    /// All answers in one: a violation counts for more than doubt, and a rule that could not be checked once did not hold.
    public var outcome: Outcome {
      if violated > 0 { return .violated }
      if unknown > 0 { return .unknown }
      return held > 0 ? .held : .skipped
    }
  }

  public enum Outcome: Sendable {
    case held, violated, unknown, skipped
  }

  /// More address spaces are counted together.
  private static let mostSpaces = 4096

  /// By number; nil for a rule that gave no answer yet.
  private var byNumber: [RuleCount?] = []
  /// Returns by the processor that made them.
  public private(set) var processors: [ThreadIdentifier: Int] = [:]
  /// Returns by the physical address of the root table.
  public private(set) var spaces: [UInt64: Int] = [:]
  /// Returns under root tables that are not told apart any more.
  public private(set) var returnsElsewhere = 0

  /// The rules that gave an answer, in the catalogue's order.
  public var rules: [RuleCount] { byNumber.compactMap(\.self) }

  public func rules(_ outcome: Outcome) -> [RuleCount] { rules.filter { $0.outcome == outcome } }

  mutating func count(_ audit: ReturnAudit, by thread: ThreadIdentifier?) {
    count(audit.registers, by: thread)
    for finding in audit.findings { count(finding) }
  }

  /// The same of a return without a violation.
  mutating func count(
    _ answers: ReturnAnswers, asking selection: AuditSelection, by thread: ThreadIdentifier?
  ) {
    count(answers.registers, by: thread)
    for finding in answers.fresh where selection.includes(finding) { count(finding) }
    for finding in answers.standing where selection.includes(finding) { count(finding) }
  }

  private mutating func count(_ registers: RegisterFile, by thread: ThreadIdentifier?) {
    if let thread { processors[thread, default: 0] += 1 }
    let root = registers.cr3.root.address.rawValue
    if spaces[root] != nil || spaces.count < Self.mostSpaces {
      spaces[root, default: 0] += 1
    } else {
      returnsElsewhere += 1
    }
  }

  private mutating func count(_ finding: Finding) {
    let number = Int(finding.rule.number)
    while byNumber.count <= number { byNumber.append(nil) }
    if byNumber[number] == nil { byNumber[number] = RuleCount(finding.rule) }
    switch finding.verdict {
    case .held: byNumber[number]?.held += 1
    case .violated:
      byNumber[number]?.violated += 1
      if byNumber[number]?.violation == nil { byNumber[number]?.violation = finding }
    case .unknown:
      byNumber[number]?.unknown += 1
      if byNumber[number]?.doubt == nil { byNumber[number]?.doubt = finding }
    case .skipped:
      byNumber[number]?.skipped += 1
      if byNumber[number]?.skip == nil { byNumber[number]?.skip = finding }
    }
  }
}
