import Inspect
import Session

/// `kdbg check`: the whole of a non-interactive check, from the first breakpoint to the verdict.
public struct CheckProcedure {
  private let debugger: Debugger

  public init(_ debugger: Debugger) { self.debugger = debugger }

  /// Lets the machine run until a violation, until `returns` returns are counted, or until it ends; says what
  /// came of it, and gives the exit status.
  public func run(returns: Int?) -> ExitStatus {
    let control = debugger.control
    do throws(CommandFailure) {
      let reason: StopReason
      if let violation = try control.startChecking() {
        reason = .violation(violation)
      } else {
        reason = try debugger.session { () throws(SessionError) in try control.run(returns: returns) }
      }
      debugger.output.write(debugger.answer(to: reason), command: "check", names: debugger.names)
    } catch {
      debugger.output.write(error, command: "check")
      if let summary = control.summary, summary.checker.count > 0 { debugger.output.note(summary.sentence) }
      guard error.exitStatus == .targetLost else { return error.exitStatus }
      // A machine that ran out of time without one return was not checked at all.
      let ranOutOfTime = if case .session(.timedOut) = error { true } else { false }
      return ranOutOfTime && control.checker?.count == 0 ? .nothingChecked : .targetLost
    }
    guard control.verdict == .held else { return control.verdict }
    return control.checker?.count ?? 0 > 0 ? .held : .nothingChecked
  }
}
