struct ConditionCommand: Command {
  let names = ["condition"]
  let usage = "condition NUMBER [EXPRESSION]"
  let summary = "give a breakpoint a condition, or take it away"

  func run(_ line: CommandLine, _ debugger: Debugger) throws(CommandFailure) -> CommandOutcome {
    guard let text = line.words.first else { throw misuse }
    let number = try BreakpointNumbers.number(text)
    let rest = String(line.rest.dropFirst(text.count)).trimmingSpaces()
    var condition: UserBreakpoint.Condition?
    if !rest.isEmpty {
      let given = try UserBreakpoint.Condition(rest)
      try given.expression.checkNames(in: debugger)
      condition = given
    }
    try debugger.control.changeBreakpoints([number]) { $0.condition = condition }
    return .answer(BreakpointsAnswer(breakpoints: debugger.control.breakpoints.all))
  }
}
