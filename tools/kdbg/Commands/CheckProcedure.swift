import Inspect
import Session

/// `kdbg check`: the whole of a non-interactive check, from the first breakpoint to the verdict.
public struct CheckProcedure {
  /// What a violation does to the check.
  public enum OnViolation: Sendable {
    case stop
    /// The machine goes on, and each distinct violation is told once.
    case goOn
  }

  private let debugger: Debugger
  private let ends: CheckEnds
  private let onViolation: OnViolation
  private let bell: CheckBell

  public init(
    _ debugger: Debugger, until ends: CheckEnds = CheckEnds(), onViolation: OnViolation = .stop,
    bell: CheckBell = CheckBell()
  ) {
    self.debugger = debugger
    self.ends = ends
    self.onViolation = onViolation
    self.bell = bell
  }

  /// Lets the machine run until something ends the check; says what came of it.
  public func run() -> CheckOutcome {
    let control = debugger.control
    let clock = ContinuousClock()
    var start = clock.now
    let gauge = CheckGauge()
    control.bell = bell
    control.gauge = gauge
    control.disconnection = ends.ownEnd == .required ? .end : .loss
    defer {
      bell.checkIsOver()
      control.disconnection = .loss
      control.bell = nil
      control.gauge = nil
    }
    // Numbered while the machine is there.
    let threads = (try? debugger.target.threads()) ?? []
    do throws(CommandFailure) {
      let violation = try control.startChecking()
      start = clock.now
      if let time = ends.time { bell.ring(after: time) }
      let reason = try gauge.shown(on: debugger.output.startProgress()) { () throws(CommandFailure) in
        try runToEnd(after: violation)
      }
      let duration = clock.now - start
      let shortfall = ends.shortfall(at: reason) ?? missingStatus(at: reason)
      let stop = debugger.answer(to: reason, withSummary: false)
      if let summary = control.summary {
        let report = CheckReport(
          stop: stop, summary: summary, duration: duration,
          processors: Self.processors(summary.checker.tally, threads), shortfall: shortfall,
          wentOn: onViolation == .goOn)
        debugger.output.write(report, command: "check", names: debugger.names)
      }
      return CheckOutcome(
        status: status(after: reason, shortfall),
        failure: shortfall ?? (isFailure(reason) ? stop.plainHeadline : nil), duration: duration)
    } catch {
      let foundNothing = control.checker?.watchedSites.isEmpty ?? false
      let timedOut = if case .session(.timedOut) = error { true } else { false }
      debugger.output.write(timedOut && foundNothing ? .noSiteFound : error, command: "check")
      if let summary = control.summary, summary.checker.count > 0 {
        let isEnd = error == .session(.connectionClosed)
        debugger.output.note(summary.sentence + (isEnd ? Self.adviceOnOwnEnd : ""))
      }
      return CheckOutcome(
        status: status(after: error), failure: error.message, duration: clock.now - start)
    }
  }

  /// True for an end of the machine that is a failure by itself.
  private func isFailure(_ reason: StopReason) -> Bool {
    switch reason {
    case .exited(let ending): debugger.control.outcome(of: ending) != .held
    case .shutdown(let cause): cause != .powerOff
    default: false
    }
  }

  private static let adviceOnOwnEnd =
    "; if the machine ended by itself there, --until-exit takes that for the end of the check"

  /// The machine's status was to be this, and nobody told it.
  private func missingStatus(at reason: StopReason) -> String? {
    guard case .disconnected = reason, let status = debugger.control.successStatus else { return nil }
    return "the machine ended, and nothing says whether with status \(status) (--success)"
  }

  /// Passes over violations where that was asked for. `violation` is where the machine stands already.
  private func runToEnd(after violation: ReturnAudit?) throws(CommandFailure) -> StopReason {
    let control = debugger.control
    var known = 0
    var reason: StopReason
    if let violation { reason = .violation(violation) } else { reason = try next() }
    while case .violation = reason, onViolation == .goOn {
      let count = control.checker?.violations.entries.count ?? 0
      if count > known {
        debugger.output.tell(debugger.answer(to: reason, withSummary: false), names: debugger.names)
      }
      known = count
      if let end = bell.end { return .reached(end) }
      if let returns = ends.returns, let checker = control.checker, checker.count >= returns {
        return .counted
      }
      // It may die of what is passed over.
      control.disconnection = .end
      reason = try next()
    }
    return reason
  }

  private func next() throws(CommandFailure) -> StopReason {
    let control = debugger.control
    let rest = ends.returns.map { $0 - (control.checker?.count ?? 0) }
    return try debugger.session { () throws(SessionError) in try control.run(returns: rest) }
  }

  private func status(after reason: StopReason, _ shortfall: String?) -> ExitStatus {
    let control = debugger.control
    guard control.verdict == .held else { return control.verdict }
    guard control.checker?.count ?? 0 > 0 else { return .nothingChecked }
    if shortfall != nil { return .violated }
    return .held
  }

  private func status(after error: CommandFailure) -> ExitStatus {
    guard error.exitStatus == .targetLost else { return error.exitStatus }
    // What was passed over remains.
    if debugger.control.verdict == .violated { return .violated }
    // A machine that ran out of time without one return was not checked at all.
    let ranOutOfTime = if case .session(.timedOut) = error { true } else { false }
    return ranOutOfTime && debugger.control.checker?.count == 0 ? .nothingChecked : .targetLost
  }

  /// Returns by the processor's number; empty where the target has but one and does not name it.
  private static func processors(_ tally: CheckTally, _ threads: [TargetThread]) -> [(Int, Int)] {
    threads.compactMap { thread in
      tally.processors[thread.identifier].map { (thread.cpuIndex, $0) }
    }.sorted { $0.0 < $1.0 }
  }
}

/// What a check came to, for those that hand it on.
public struct CheckOutcome: Sendable {
  public let status: ExitStatus
  /// What went wrong beside the rules, in one line: with the machine, its end or the way to it.
  public let failure: String?
  public let duration: Duration

  public init(status: ExitStatus, failure: String?, duration: Duration) {
    self.status = status
    self.failure = failure
    self.duration = duration
  }
}
