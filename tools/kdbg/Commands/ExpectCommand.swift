import Render

struct ExpectCommand: Command {
  let names = ["expect"]
  let usage = "expect [--not] [--console] TEXT|/REGEX/"
  let summary = "fail unless the last answer, or the guest's console, says something"

  /// How long the console's text may be under way: it comes by another road than the machine's stop.
  private static let consoleLimit = Duration.seconds(10)

  func run(_ line: CommandLine, _ debugger: Debugger) throws(CommandFailure) -> CommandOutcome {
    var text = line.behindName
    var isWanted = true
    var isConsole = false
    while let option = text.split(whereSeparator: \.isWhitespace).first, option.hasPrefix("--") {
      switch option {
      case "--not": isWanted = false
      case "--console": isConsole = true
      default: throw misuse
      }
      text = String(text.dropFirst(option.count)).trimmingSpaces()
    }
    guard !text.isEmpty else { throw misuse }
    let expected = try ExpectedText(text)
    let found =
      isConsole
      ? try Self.find(expected, onConsoleOf: debugger, waiting: isWanted)
      : expected.isFound(in: try Self.lastAnswer(debugger))
    guard found == isWanted else {
      let place = isConsole ? "the guest's console" : "the last answer"
      throw .assertion("\(place) \(isWanted ? "does not say" : "says"): \(text)")
    }
    return .answer(HeldAnswer())
  }

  private static func lastAnswer(_ debugger: Debugger) throws(CommandFailure) -> String {
    guard let answer = debugger.lastAnswer else { throw .other("expect: no command has answered yet") }
    return answer.text(.monochrome, names: debugger.names)
  }

  private static func find(
    _ expected: ExpectedText, onConsoleOf debugger: Debugger, waiting: Bool
  ) throws(CommandFailure) -> Bool {
    guard let console = debugger.console else {
      throw .other("expect: the guest's console does not come to kdbg")
    }
    let end = ContinuousClock.now + (waiting ? Self.consoleLimit : .milliseconds(200))
    while !expected.isFound(in: console.text) {
      guard ContinuousClock.now < end else { return false }
      console.waitBriefly()
    }
    return true
  }
}

/// What the guest has printed.
public protocol GuestConsoleLog: AnyObject, Sendable {
  /// The latest of it.
  var text: String { get }
  /// Waits until there may be more, some milliseconds at the most.
  func waitBriefly()
}
