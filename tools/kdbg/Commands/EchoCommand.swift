import Inspect
import Render

struct EchoCommand: Command {
  let names = ["echo"]
  let usage = "echo [TEXT]"
  let summary = "print a line of text"

  func run(_ line: CommandLine, _ debugger: Debugger) throws(CommandFailure) -> CommandOutcome {
    .answer(EchoAnswer(text: Self.unescaped(line.behindName)))
  }

  /// gdb's scripts write `\n` at the end of what they echo. An answer is whole lines here, so that one makes no other.
  private static func unescaped(_ text: String) -> String {
    var plain = ""
    var rest = text[...]
    while let character = rest.popFirst() {
      guard character == "\\", let escaped = rest.popFirst() else {
        plain.append(character)
        continue
      }
      switch escaped {
      case "n": plain.append("\n")
      case "t": plain.append("\t")
      default: plain.append(escaped)
      }
    }
    return plain.hasSuffix("\n") ? String(plain.dropLast()) : plain
  }
}

struct EchoAnswer: Answer {
  let text: String

  func write(to page: inout TextPage, names: any NameSource) { page.line(text) }
  func members(names: any NameSource) -> [String: JSONValue] { ["text": .string(text)] }
}
