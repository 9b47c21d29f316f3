import Session

struct ContinueCommand: Command {
  let names = ["continue", "c"]
  let usage = "continue"
  let summary = "let the machine run until a breakpoint, a violation, Ctrl-C or its end"

  func run(_ line: CommandLine, _ debugger: Debugger) throws(CommandFailure) -> CommandOutcome {
    guard line.rest.isEmpty else { throw misuse }
    try debugger.requireStopped()
    let reason = try debugger.session { () throws(SessionError) in try debugger.control.run() }
    return .answer(debugger.answer(to: reason))
  }
}
