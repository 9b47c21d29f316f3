import Inspect
import RingTransition

/// Rules as users list them: `RT-026,RT-040..RT-049`, or the numbers alone.
public enum RuleList {
  /// The numbers of the rules that `text` lists.
  public static func numbers(_ text: String) throws(CommandFailure) -> Set<UInt16> {
    var numbers: Set<UInt16> = []
    for item in text.split(separator: ",", omittingEmptySubsequences: false) {
      let word = String(item).trimmingSpaces()
      let ends = word.split(separator: "..", omittingEmptySubsequences: false).map(String.init)
      guard ends.count <= 2, let first = number(ends[0]), let last = number(ends[ends.count - 1]),
        first <= last
      else { throw .notARule(word) }
      let rules = (first...last).filter { Rule(number: $0) != nil }
      guard !rules.isEmpty else { throw .notARule(word) }
      numbers.formUnion(rules)
    }
    return numbers
  }

  private static func number(_ text: String) -> UInt16? {
    let digits = text.uppercased().hasPrefix("RT-") ? text.dropFirst(3) : text[...]
    return digits.allSatisfy(\.isWholeNumber) ? UInt16(digits) : nil
  }
}

extension AuditSelection {
  /// Takes the value of an option, as a user writes it.
  public mutating func take(_ option: Option, _ text: String) throws(CommandFailure) {
    switch option {
    case .rules: rules = try RuleList.numbers(text)
    case .severity:
      switch text {
      case "fatal": leastSeverity = .fatal
      case "security": leastSeverity = .security
      case "hygiene": leastSeverity = .hygiene
      default: throw .other("--severity is fatal, security or hygiene, not \"\(text)\"")
      }
    case .scope:
      switch text {
      case "return": scope = .everyReturn
      case "change": scope = .onChange
      case "all": scope = .everything
      default: throw .other("--scope is return, change or all, not \"\(text)\"")
      }
    }
  }

  public enum Option: String, CaseIterable, Sendable {
    case rules = "--rules"
    case severity = "--severity"
    case scope = "--scope"
  }
}
