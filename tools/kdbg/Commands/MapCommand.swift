import Inspect
import Render
import Session
import X86

struct MapCommand: Command {
  let names = ["map"]
  let usage = "map [FILTER]... [OPTION]..."
  let summary = "everything that a table maps, in regions of the same effective rights"
  let completion = ArgumentKind.address

  func run(_ line: CommandLine, _ debugger: Debugger) throws(CommandFailure) -> CommandOutcome {
    try debugger.requireStopped()
    let filter = try MapFilter(line.words, debugger, misuse)
    try debugger.require(filter.query.cr3 == nil ? .tables : .memory)
    return .answer(MapAnswer(filter.query, of: debugger.target, interrupt: .shared))
  }
}
