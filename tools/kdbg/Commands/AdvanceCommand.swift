struct AdvanceCommand: Command {
  let names = ["until", "advance", "u"]
  let usage = "until ADDRESS"
  let summary = "run until the machine comes to an address, or something else stops it"
  let completion = ArgumentKind.address

  func run(_ line: CommandLine, _ debugger: Debugger) throws(CommandFailure) -> CommandOutcome {
    try debugger.requireStopped()
    let text = line.rest.hasPrefix("*") ? String(line.rest.dropFirst()) : line.rest
    guard !text.isEmpty else { throw misuse }
    return .answer(debugger.answer(to: try debugger.control.advance(to: try debugger.address(text))))
  }
}
