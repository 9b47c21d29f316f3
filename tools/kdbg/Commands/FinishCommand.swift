struct FinishCommand: Command {
  let names = ["finish", "fin"]
  let usage = "finish"
  let summary = "run until the function has returned to its caller, and show what it returned"

  func run(_ line: CommandLine, _ debugger: Debugger) throws(CommandFailure) -> CommandOutcome {
    guard line.rest.isEmpty else { throw misuse }
    try debugger.requireStopped()
    return .answer(debugger.answer(to: try debugger.control.finish()))
  }
}
