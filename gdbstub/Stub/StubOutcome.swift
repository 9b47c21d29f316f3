/// How a stop ended.
public enum StubOutcome: Equatable, Sendable {
  /// Carry out the plan, then enter the stub again with what became of it.
  case resume(ResumePlan)
  /// The client left. Its breakpoints are gone; let everything run.
  case detached
  /// The client wants the machine ended.
  case killed
  /// The client wants the machine started again.
  case reset
}
