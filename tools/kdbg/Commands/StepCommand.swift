import Session

/// `stepi`, `nexti`, `step` and `next`.
struct StepCommand: Command {
  enum Unit: Sendable { case instruction, line }

  let names: [String]
  let summary: String
  let unit: Unit
  let calls: CallTreatment

  static let stepInstruction = StepCommand(
    names: ["stepi", "si"], summary: "execute one instruction, or COUNT of them",
    unit: .instruction, calls: .into)
  static let nextInstruction = StepCommand(
    names: ["nexti", "ni"], summary: "the same, with a call and all that it does as one instruction",
    unit: .instruction,
    calls: .over)
  static let stepLine = StepCommand(
    names: ["step", "s"],
    summary: "execute until another line of the source begins, also in a function called",
    unit: .line, calls: .into)
  static let nextLine = StepCommand(
    names: ["next", "n"],
    summary: "execute until another line of the source begins, functions called as a whole",
    unit: .line,
    calls: .over)

  var usage: String { "\(names[0]) [COUNT]" }

  /// More steps than anybody waits for.
  private static let largestCount: UInt64 = 1_000_000

  func run(_ line: CommandLine, _ debugger: Debugger) throws(CommandFailure) -> CommandOutcome {
    try debugger.requireStopped()
    var count: UInt64 = 1
    if !line.rest.isEmpty { count = try Expression.value(of: line.rest, in: debugger) }
    guard (1...Self.largestCount).contains(count) else { throw misuse }
    let reason: StopReason
    switch unit {
    case .instruction:
      reason = try debugger.session { () throws(SessionError) in
        try debugger.control.step(count: Int(count), calls)
      }
    case .line: reason = try debugger.control.stepLines(count: Int(count), calls)
    }
    return .answer(debugger.answer(to: reason))
  }
}
