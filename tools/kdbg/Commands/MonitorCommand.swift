import Inspect
import Render
import Session

struct MonitorCommand: Command {
  let names = ["monitor", "mon"]
  let usage = "monitor TEXT"
  let summary = "run a command of QEMU's monitor"

  func run(_ line: CommandLine, _ debugger: Debugger) throws(CommandFailure) -> CommandOutcome {
    guard !line.rest.isEmpty else { throw misuse }
    let text = try debugger.session { () throws(SessionError) in try debugger.target.monitor(line.rest) }
    return .answer(MonitorAnswer(text: text))
  }
}

/// The monitor's own words.
struct MonitorAnswer: Answer {
  let text: String

  func write(to page: inout TextPage, names: any NameSource) {
    for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast(
      text.hasSuffix("\n") ? 1 : 0)
    where !text.isEmpty {
      page.line(line.last == "\r" ? String(line.dropLast()) : String(line))
    }
  }

  func members(names: any NameSource) -> [String: JSONValue] { ["text": .string(text)] }
}
