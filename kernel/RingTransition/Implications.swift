import X86

extension Rule {
  /// True when a violation of `cause` brings a violation of this rule with it, whatever the values are.
  public func isImplied(by cause: Rule) -> Bool {
    switch cause.number {
    case 4: number == 6 || number == 7
    case 5: number == 10 || number == 14
    case 6, 7: number == 8 || number == 81 || cause.number == 6 && number == 13
    case 10: number == 14 || number == 128
    case 11: number == 15
    case 12: number == 127
    case 16: number == 161
    case 22: number == 35 || number == 37 || number == 82
    case 24: impliedByStackPointer || number == 25
    case 25: impliedByStackPointer || number == 27 || number == 31 || number == 32 || number == 33
    case 26: number == 27 || number == 28
    case 35: number == 82
    case 44: number == 106
    case 48, 49: number == 17
    case 60: number == 6 || number == 7 || number == 23 || number == 82
    case 64, 80: number == 82
    case 70: number == 75
    case 92: number == 114
    case 101, 102, 103: number == 115
    case 104: number == 105
    case 170: number == 171 || number == 172 || number == 173
    case 171: number == 172
    case 175: number == 176
    case 125: number == 160 || number == 162
    case 126: number == 10 || number == 14 || number == 128
    case 142: number == 90
    case 144: number == 130
    default: false
    }
  }

  /// What a bad RSP0 breaks besides its own rule.
  private var impliedByStackPointer: Bool {
    switch number {
    case 26, 28, 30, 132, 148: true
    default: false
    }
  }
}

extension Finding {
  /// True when this violation follows from `cause`: it is listed under it, and not counted.
  public func follows(_ cause: Finding) -> Bool {
    guard rule != cause.rule, let evidence, let other = cause.evidence else { return false }
    if rule.isImplied(by: cause.rule) || followsInTables(cause.rule, other, evidence) { return true }
    switch cause.rule.number {
    case 3: return rule == .rflagsAtReturn && evidence.isOnly(RFlags.nestedTask.rawValue)
    case 30:
      // Whatever is wrong with a stack that is not the thread's own.
      guard case .outside = other else { return false }
      switch rule.number {
      case 26, 27, 28, 31, 32, 33: return true
      default: return rule == .interruptStacksDistinct && evidence.names(.rsp0)
      }
    case 26, 28, 29:
      // RSP0 is on the right stack and not at its top: the misplacement has a name of its own.
      if rule == .rsp0BelongsToCurrent, case .mismatch = evidence { return true }
      return rule == .systemCallStack && evidence.isAbout(other)
    case 44: return rule == .rsp0Exclusive && evidence.isInterruptStackOverlap
    case 62, 123:
      // One code descriptor, named by the gates and by STAR.
      guard rule == .systemCallSelectors || rule == .systemReturnDescriptors else { return false }
      return evidence.isAbout(other)
    case 65: return rule == .machineCheckEnabled && evidence.isAbout(other)
    case 70, 121:
      return rule == .noReservedBits && evidence.isAbout(other)
    case 90: return rule != .noExecuteEnabled && !rule.namesHandler && evidence.endsAtReservedBits
    default: return false
    }
  }
}

extension Rule {
  /// The rules about code that is entered: they name their page themselves, whatever is wrong with it.
  fileprivate var namesHandler: Bool { self == .handlerPageExecutable || self == .systemCallTarget }
}

extension Evidence {
  fileprivate var endsAtReservedBits: Bool {
    if case .access(let walk, _, _) = self, case .reservedBits = walk.outcome { true } else { false }
  }

  fileprivate func isOnly(_ bits: UInt64) -> Bool {
    if case .bits(_, _, let wrong) = self { wrong == bits } else { false }
  }

  fileprivate func names(_ subject: Subject) -> Bool {
    if case .stacksOverlap(let first, _, let second, _) = self {
      first == subject || second == subject
    } else {
      false
    }
  }

  fileprivate var isInterruptStackOverlap: Bool {
    switch self {
    case .overlap(_, let subject, _): subject != .otherStack
    case .sharedFrame(_, let use): use == .interruptStack
    default: false
    }
  }

  /// True when both show the same thing: one page, one descriptor, one gate.
  fileprivate func isAbout(_ other: Evidence) -> Bool {
    switch (self, other) {
    case (.access(let mine, _, _), .access(let its, _, _)): mine.address == its.address
    case (.descriptor(let mine, _, _), .descriptor(let its, _, _)): mine.tableOffset == its.tableOffset
    case (.gate(let mine, _), .gate(let its, _)): mine == its
    default: false
    }
  }
}

/// Counts findings and keeps the one to act on: the first violation that follows from no other.
public struct FindingTally: FindingSink, Sendable {
  public private(set) var held = 0
  public private(set) var violated = 0
  public private(set) var unknown = 0
  public private(set) var skipped = 0
  public private(set) var root: Finding?

  public init() {}

  public mutating func record(_ finding: Finding) {
    switch finding.verdict {
    case .held: held += 1
    case .unknown: unknown += 1
    case .skipped: skipped += 1
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
