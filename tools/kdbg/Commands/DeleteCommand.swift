import Inspect
import Session

struct DeleteCommand: Command {
  let names = ["delete", "d"]
  let usage = "delete [NUMBER...]"
  let summary = "remove breakpoints by number, or all of them"

  func run(_ line: CommandLine, _ debugger: Debugger) throws(CommandFailure) -> CommandOutcome {
    try debugger.requireStopped()
    let numbers = line.words
    if numbers.isEmpty {
      try debugger.session { () throws(SessionError) in try debugger.control.removeAllBreakpoints() }
    }
    for text in numbers {
      guard let number = Expression.number(text) else { throw .notANumber(text) }
      let removed = try debugger.session { () throws(SessionError) in
        try debugger.control.removeBreakpoint(number: Int(truncatingIfNeeded: number))
      }
      guard removed else { throw .noSuchBreakpoint(number) }
    }
    return .answer(BreakpointsAnswer(breakpoints: debugger.control.breakpoints.all))
  }
}
