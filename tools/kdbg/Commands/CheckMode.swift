/// Which returns to Ring 3 the check audits.
public enum CheckMode: Equatable, Sendable {
  case every
  /// The first one after each change of what the earlier audits stood on; the machine is not stopped at the others.
  case changes
  /// One in so many; the machine is stopped at all of them.
  case sample(Int)

  /// `every`, `changes` or `sample=N`; nil for anything else.
  public init?(_ text: String) {
    switch text {
    case "every": self = .every
    case "changes": self = .changes
    default:
      let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, parts[0] == "sample", parts[1].allSatisfy(\.isNumber),
        let count = Int(parts[1]), count > 0
      else { return nil }
      self = .sample(count)
    }
  }

  /// The word that ``init(_:)`` takes.
  public var text: String {
    switch self {
    case .every: "every"
    case .changes: "changes"
    case .sample(let count): "sample=\(count)"
    }
  }
}
