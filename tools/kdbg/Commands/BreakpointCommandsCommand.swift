struct BreakpointCommandsCommand: Command {
  let names = ["commands"]
  let usage = "commands [NUMBER...]"
  let summary = "run the lines that follow, up to \"end\", whenever a breakpoint stops the machine"

  func run(_ line: CommandLine, _ debugger: Debugger) throws(CommandFailure) -> CommandOutcome {
    var numbers = try BreakpointNumbers.numbers(line.words) ?? []
    if numbers.isEmpty {
      guard let last = debugger.control.breakpoints.all.last else { throw .other("no breakpoint is set") }
      numbers = [last.number]
    }
    let chosen = numbers
    // Before the lines, so that no one types them in vain.
    try debugger.control.changeBreakpoints(chosen) { _ in }
    return .block(
      LineBlock { lines throws(CommandFailure) in
        try debugger.control.changeBreakpoints(chosen) { $0.commands = lines }
        return .answer(BreakpointsAnswer(breakpoints: debugger.control.breakpoints.all))
      })
  }
}
