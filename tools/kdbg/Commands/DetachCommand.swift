import Inspect
import Render
import Session

struct DetachCommand: Command {
  let names = ["detach"]
  let usage = "detach"
  let summary = "remove every breakpoint, let the machine run and end the session"

  func run(_ line: CommandLine, _ debugger: Debugger) throws(CommandFailure) -> CommandOutcome {
    guard line.rest.isEmpty else { throw misuse }
    try debugger.session { () throws(SessionError) in try debugger.target.detach() }
    return .end(DetachedAnswer())
  }
}

struct DetachedAnswer: Answer {
  func write(to page: inout TextPage, names: any NameSource) { page.line("Detached.") }
  func members(names: any NameSource) -> [String: JSONValue] { ["detached": true] }
}
