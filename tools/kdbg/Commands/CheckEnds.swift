import Session

/// What ends a check beside a violation; whatever comes first.
public struct CheckEnds: Sendable {
  /// Whether the machine must come to its own end.
  public enum OwnEnd: Sendable {
    case allowed
    case required
  }

  /// So many returns to Ring 3, all held.
  public var returns: Int?
  /// So long by the wall clock, from where the machine is let go; audits count.
  public var time: Duration?
  /// This text on the guest's console.
  public var text: String?
  public var ownEnd: OwnEnd

  public init(
    returns: Int? = nil, time: Duration? = nil, text: String? = nil, ownEnd: OwnEnd = .allowed
  ) {
    self.returns = returns
    self.time = time
    self.text = text
    self.ownEnd = ownEnd
  }

  /// What was asked for and did not come, in one line; nil where `reason` is an end that was asked for.
  func shortfall(at reason: StopReason) -> String? {
    switch reason {
    case .exited, .disconnected, .shutdown:
      guard ownEnd == .allowed, let text else { return nil }
      return "the machine ended before its console said \"\(text)\""
    case .counted, .reached:
      return ownEnd == .required ? Self.noOwnEnd : nil
    default:
      if ownEnd == .required { return Self.noOwnEnd }
      return text.map { "the check ended before the console said \"\($0)\"" }
    }
  }

  private static let noOwnEnd = "the machine did not come to its own end (--until-exit)"
}

/// An end of the check that the machine knows nothing of.
public enum CheckEnd: Equatable, Sendable {
  case time(Duration)
  case text(String)
}
