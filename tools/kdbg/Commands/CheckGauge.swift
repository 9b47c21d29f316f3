import Inspect
import Render
import Synchronization

/// How far a running check has come, for the progress line: it is looked at from another thread, since the machine may
/// run for long without a stop.
final class CheckGauge: Sendable {
  private let returns = Atomic(0)
  private let violations = Atomic(0)

  /// At each stop.
  func set(_ checker: ReturnChecker) {
    returns.store(checker.count, ordering: .relaxed)
    violations.store(checker.violations.returns, ordering: .relaxed)
  }

  /// `12040 returns checked, 1180 a second, 0 violations, 10 s`.
  func words(after duration: Duration) -> String {
    let returns = returns.load(ordering: .relaxed)
    let violations = violations.load(ordering: .relaxed)
    return "\(returns) returns checked, \(duration.rate(of: returns)) a second, \(violations) "
      + "\(violations == 1 ? "violation" : "violations"), \(duration.components.seconds) s"
  }

  /// Runs `body` with `line` showing the gauge.
  func shown<Result, Failure: Error>(
    on line: ProgressLine?, during body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    guard let line else { return try body() }
    return try line.shown({ [self] in words(after: $0) }, during: body)
  }
}
