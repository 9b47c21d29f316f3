import Session

struct StepInstructionCommand: Command {
  let names = ["stepi", "si"]
  let usage = "stepi [COUNT]"
  let summary = "execute one instruction, or COUNT of them"

  /// More steps than anybody waits for.
  private static let largestCount: UInt64 = 1_000_000

  func run(_ line: CommandLine, _ debugger: Debugger) throws(CommandFailure) -> CommandOutcome {
    try debugger.requireStopped()
    var count: UInt64 = 1
    if !line.rest.isEmpty { count = try Expression.value(of: line.rest, in: debugger) }
    guard (1...Self.largestCount).contains(count) else { throw misuse }
    let reason = try debugger.session { () throws(SessionError) in
      try debugger.control.step(count: Int(count))
    }
    return .answer(debugger.answer(to: reason))
  }
}
