import Inspect
import Render
import Session

/// Where a session begins.
public enum InitialStop: Equatable, Sendable {
  /// The first return to Ring 3.
  case firstReturn
  /// The first instruction, before anything ran.
  case reset
  /// Nowhere: the machine runs on.
  case none
  /// Where the machine stands.
  case here
  /// The first time that it comes to this symbol or address.
  case place(String)

  /// As `--stop` says it.
  public init(_ text: String?) {
    switch text {
    case nil: self = .firstReturn
    case "reset": self = .reset
    case "none": self = .none
    case .some(let place): self = .place(place)
    }
  }
}

/// Whether a session begins with the check of every return switched on.
public enum InitialCheck: Equatable, Sendable {
  case on
  case off
}

extension Debugger {
  /// Brings the machine to where the session begins. The answer says where that is; nil where there is nothing to
  /// say.
  public func begin(_ check: InitialCheck, at stop: InitialStop) throws(CommandFailure) -> (any Answer)? {
    if check == .off, stop == .firstReturn { return answer(to: try firstReturn()) }
    if check == .on, let violation = try control.startChecking() {
      return answer(to: .violation(violation))
    }
    switch stop {
    case .here: return nil
    case .reset: return answer(to: .stepped)
    case .none:
      return answer(to: try session { () throws(SessionError) in try control.run() })
    case .firstReturn:
      return answer(to: try session { () throws(SessionError) in try control.run(returns: 1) })
    case .place(let text):
      let address = try address(text)
      let breakpoint = try control.addBreakpoint(at: address)
      return answer(
        to: try session { () throws(SessionError) in
          defer { _ = try? control.removeBreakpoint(number: breakpoint.number) }
          return try control.run()
        })
    }
  }

  /// Goes to the first return to Ring 3, and leaves no verdict on it behind.
  private func firstReturn() throws(CommandFailure) -> StopReason {
    var reason = StopReason.counted
    if try control.startChecking() == nil {
      reason = try session { () throws(SessionError) in try control.run(returns: 1) }
    }
    try session { () throws(SessionError) in try control.forgetCheck() }
    if case .violation = reason { return .counted }
    return reason
  }
}
