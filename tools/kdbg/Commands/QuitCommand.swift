struct QuitCommand: Command {
  let names = ["quit", "q", "exit"]
  let usage = "quit"
  let summary = "end the session as detach does, without a word"

  func run(_ line: CommandLine, _ debugger: Debugger) throws(CommandFailure) -> CommandOutcome {
    guard line.rest.isEmpty else { throw misuse }
    return .quit
  }
}
