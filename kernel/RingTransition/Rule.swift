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
  public let severity: Severity
  /// Where the condition is written down: a section of a processor manual.
  public let source: StaticString

  public static func == (left: Rule, right: Rule) -> Bool { left.number == right.number }

  init(_ number: UInt16, _ name: StaticString, _ severity: Severity, _ source: StaticString) {
    self.number = number
    self.name = name
    self.severity = severity
    self.source = source
  }
}
