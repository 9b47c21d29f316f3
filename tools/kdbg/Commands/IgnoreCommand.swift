struct IgnoreCommand: Command {
  let names = ["ignore"]
  let usage = "ignore NUMBER COUNT"
  let summary = "let the next COUNT hits of a breakpoint pass"

  func run(_ line: CommandLine, _ debugger: Debugger) throws(CommandFailure) -> CommandOutcome {
    guard line.words.count == 2 else { throw misuse }
    let number = try BreakpointNumbers.number(line.words[0])
    guard let count = Expression.number(line.words[1]).flatMap({ Int(exactly: $0) }) else {
      throw .notANumber(line.words[1])
    }
    try debugger.control.changeBreakpoints([number]) { $0.ignored = count }
    return .answer(BreakpointsAnswer(breakpoints: debugger.control.breakpoints.all))
  }
}
