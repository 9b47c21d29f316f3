/// `enable` and `disable`.
struct EnableCommand: Command {
  let names: [String]
  let summary: String
  let state: UserBreakpoint.State

  static let enable = EnableCommand(
    names: ["enable"], summary: "put breakpoints in again, those named or all", state: .enabled)
  static let disable = EnableCommand(
    names: ["disable"], summary: "take breakpoints out and keep them in the list", state: .disabled)

  var usage: String { "\(names[0]) [NUMBER...]" }

  func run(_ line: CommandLine, _ debugger: Debugger) throws(CommandFailure) -> CommandOutcome {
    try debugger.requireStopped()
    let numbers = try BreakpointNumbers.numbers(line.words) ?? debugger.control.breakpoints.all.map(\.number)
    try debugger.control.changeBreakpoints(numbers) { $0.state = state }
    return .answer(BreakpointsAnswer(breakpoints: debugger.control.breakpoints.all))
  }
}

/// The numbers of breakpoints behind a command.
enum BreakpointNumbers {
  static func number(_ text: String) throws(CommandFailure) -> Int {
    guard let number = Expression.number(text) else { throw .notANumber(text) }
    guard let exact = Int(exactly: number) else { throw .noSuchBreakpoint(number) }
    return exact
  }

  /// Nil for none, which means all.
  static func numbers(_ words: [String]) throws(CommandFailure) -> [Int]? {
    guard !words.isEmpty else { return nil }
    var numbers: [Int] = []
    for word in words { numbers.append(try number(word)) }
    return numbers
  }
}
