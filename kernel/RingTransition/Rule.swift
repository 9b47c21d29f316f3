/// How bad a violated rule is.
public enum Severity: UInt8, Equatable, Sendable {
  /// The next entry to Ring 0 cannot be delivered, or Ring 3 can never be left again.
  case fatal
  /// Delivery works, but Ring 3 gains or learns something it must not.
  case security
  /// Nothing fails now; a known precursor, or a sign that the kernel's books are wrong.
  case hygiene
}

/// One invariant of a return to Ring 3. The catalogue's numbers (RT-001...) are part of kdbg's interface: they
/// stand in its output and in scripts, and never change their meaning.
public struct Rule: Equatable, Sendable {
  /// The number after "RT-".
  public let number: UInt16
  public let name: StaticString
  /// How bad a violation is as a rule; a ``Finding`` knows better where the values decide.
  public let severity: Severity
  public let tier: AuditTier
  /// Where the condition is written down: a section of a processor manual.
  public let source: StaticString

  public static func == (left: Rule, right: Rule) -> Bool { left.number == right.number }

  init(
    _ number: UInt16, _ name: StaticString, _ severity: Severity, _ tier: AuditTier, _ source: StaticString
  ) {
    self.number = number
    self.name = name
    self.severity = severity
    self.tier = tier
    self.source = source
  }
}

/// When a rule must be asked again.
public enum AuditTier: UInt8, Equatable, Sendable {
  /// At every return to Ring 3.
  case t0
  /// When a register that names a table or a stack has changed.
  case t1
  /// When a root table is met for the first time: it reads whole tables.
  case t2
  /// Wherever the kernel's own data are declared; they may change with every return.
  case t3
}

/// Which tiers an audit asks. What the kernel declares of itself (T3) costs next to nothing and is part of each.
public enum AuditScope: UInt8, Equatable, Sendable {
  /// T0 and T3.
  case everyReturn
  /// T0, T1 and T3.
  case onChange
  /// All tiers.
  case everything

  public func asks(_ tier: AuditTier) -> Bool {
    switch tier {
    case .t0, .t3: true
    case .t1: self != .everyReturn
    case .t2: self == .everything
    }
  }
}

extension Rule {
  /// True when the audit before a return asks this rule. The others are about whole tables or about several
  /// processors at once.
  public var isAudited: Bool {
    switch number {
    case 101...105, 107, 109, 114, 115, 170...178: false
    default: true
    }
  }
}
