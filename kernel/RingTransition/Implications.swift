import X86

extension Rule {
  /// True when a violation of `cause` brings a violation of this rule with it, whatever the values are.
  public func isImplied(by cause: Rule) -> Bool {
    switch (number, cause.number) {
    case (6, 4), (7, 4): true
    case (8, 6), (8, 7), (13, 6): true
    case (10, 5), (14, 5), (14, 10): true
    case (15, 11): true
    case (25, 24), (26, 24), (28, 24), (30, 24): true
    case (26, 25), (27, 25), (28, 25), (30, 25), (31, 25), (32, 25), (33, 25): true
    case (27, 26), (28, 26): true
    default: false
    }
  }
}

extension Finding {
  /// True when this violation follows from `cause`: it is listed under it, and not counted.
  public func follows(_ cause: Finding) -> Bool {
    guard rule != cause.rule, let evidence, let other = cause.evidence else { return false }
    if rule.isImplied(by: cause.rule) { return true }
    if cause.rule == .noReservedBits, case .access(let walk, _, _) = evidence,
      case .reservedBits = walk.outcome
    {
      return true
    }
    if rule == .rsp0BelongsToCurrent, case .mismatch = evidence {
      // RSP0 is on the right stack and not at its top: the misplacement has a name of its own.
      return cause.rule == .rsp0Aligned || cause.rule == .rsp0FramePagesWritable
        || cause.rule == .handlerHeadroom
    }
    if cause.rule == .rsp0BelongsToCurrent, case .outside = other {
      // Whatever is wrong with a stack that is not the thread's own.
      switch rule.number {
      case 26, 27, 28, 31, 32, 33: return true
      default: return false
      }
    }
    return false
  }
}

/// Counts findings and keeps the one to act on: the first violation that follows from no other.
public struct FindingTally: FindingSink, Sendable {
  public private(set) var held = 0
  public private(set) var violated = 0
  public private(set) var unknown = 0
  public private(set) var root: Finding?

  public init() {}

  public mutating func record(_ finding: Finding) {
    switch finding.verdict {
    case .held: held += 1
    case .unknown: unknown += 1
    case .violated:
      violated += 1
      guard let known = root else {
        root = finding
        return
      }
      if known.follows(finding) || finding.outranks(known) { root = finding }
    }
  }

  /// Rules that gave an answer.
  public var checked: Int { held + violated }

  /// True when nothing that was asked is violated, and something was answered.
  public var allHeld: Bool { violated == 0 && held > 0 }
}

extension Finding {
  /// A fatal violation is more urgent than one that only leaks or only looks wrong, unless it follows from it.
  fileprivate func outranks(_ other: Finding) -> Bool {
    severity.rawValue < other.severity.rawValue && !follows(other)
  }
}
