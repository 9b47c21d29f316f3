import Inspect
import Render
import Session

/// One command of the debugger. Each lives in the file that bears its name.
public protocol Command: Sendable {
  /// What the user types; the first is the name, the others are aliases.
  var names: [String] { get }
  /// The arguments as the help shows them, with the name: "walk ADDRESS [CR3]".
  var usage: String { get }
  /// One line without a full stop.
  var summary: String { get }
  /// The page that `help NAME` shows, in Manuals/.
  var manual: Manual { get }
  /// What the arguments are, for completion.
  var completion: ArgumentKind { get }
  /// Does it. The answer is printed by the interpreter, in the form that the session has.
  func run(_ line: CommandLine, _ debugger: Debugger) throws(CommandFailure) -> CommandOutcome
}

extension Command {
  public var manual: Manual { "" }
  public var completion: ArgumentKind { .none }
  var name: String { names[0] }

  /// The failure of a call with wrong arguments.
  var misuse: CommandFailure { .usage(usage) }
}

/// What the words behind a command are.
public enum ArgumentKind: Equatable, Sendable {
  case none
  /// Symbols and registers.
  case address
  case command
  /// One of these words.
  case words([String])
}

/// What the interpreter does after a command.
public enum CommandOutcome {
  /// Prints this.
  case answer(any Answer)
  /// Prints this and ends the session.
  case end(any Answer)
  /// Ends the session without a word.
  case quit
  /// Runs these lines.
  case script(Script)
  /// Takes the lines that follow, up to `end`.
  case block(LineBlock)
}
