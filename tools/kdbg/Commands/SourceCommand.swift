struct SourceCommand: Command {
  let names = ["source"]
  let usage = "source FILE"
  let summary = "run the commands of a file"

  func run(_ line: CommandLine, _ debugger: Debugger) throws(CommandFailure) -> CommandOutcome {
    // A path may begin with a slash, which marks a format elsewhere.
    let path = line.behindName
    guard !path.isEmpty else { throw misuse }
    return .script(try Script(path: path))
  }
}
