import Inspect
import Render

struct SpacesCommand: Command {
  let names = ["spaces"]
  let usage = "spaces"
  let summary = "the address spaces that are known, and how"

  func run(_ line: CommandLine, _ debugger: Debugger) throws(CommandFailure) -> CommandOutcome {
    try debugger.requireStopped()
    guard line.rest.isEmpty else { throw misuse }
    try debugger.require(.controlRegisters)
    return .answer(try debugger.knownSpaces())
  }
}
