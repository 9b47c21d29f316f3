import X86

/// What one rule came to on one machine.
public struct Finding: Sendable {
  public let rule: Rule
  public let verdict: Verdict

  public init(_ rule: Rule, _ verdict: Verdict) {
    self.rule = rule
    self.verdict = verdict
  }

  public var isHeld: Bool { if case .held = verdict { true } else { false } }
  public var isViolated: Bool { evidence != nil }

  /// What shows the violation; nil unless the rule is violated.
  public var evidence: Evidence? { if case .violated(let evidence) = verdict { evidence } else { nil } }

  /// How bad this violation is. Only RT-012 has parts of different weight: Ring 3 without IF can never be
  /// preempted, the other bits only tell or allow too much.
  public var severity: Severity {
    guard rule == .rflagsImagePolicy, case .bits(_, _, let wrong) = evidence else { return rule.severity }
    return wrong & RFlags.interruptEnable.rawValue != 0 ? .fatal : .security
  }
}

/// The three answers a rule can give.
public enum Verdict: Sendable {
  case held
  case violated(Evidence)
  /// Not checked, and why: never to be read as "held".
  case unknown(Missing)
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
  /// RSP0 names no stack, or one that is not wholly mapped, so there is nothing to check.
  case kernelStack
  /// Which slot the kernel returns from was not declared.
  case frameSlot
  /// The registers with which Ring 3 last entered: without them a kernel address in a register may be Ring 3's own.
  case entryRegisters
  /// A page of Ring 3 is absent or read-only, which demand paging and copy-on-write make legal.
  case userPage
  /// IA32_PKRS: supervisor protection keys are on, and they may forbid what the tables allow.
  case protectionKeys
  /// Events are delivered by means the model does not know: FRED or supervisor shadow stacks.
  case eventDelivery
}

/// Where findings go, one by one, as they are made: the kernel prints, kdbg collects.
public protocol FindingSink: ~Copyable {
  mutating func record(_ finding: Finding)
}
