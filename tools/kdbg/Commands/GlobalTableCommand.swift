import Inspect

struct GlobalTableCommand: Command {
  let names = ["gdt"]
  let usage = "gdt"
  let summary = "the global descriptor table, decoded"

  func run(_ line: CommandLine, _ debugger: Debugger) throws(CommandFailure) -> CommandOutcome {
    guard line.rest.isEmpty else { throw misuse }
    try debugger.requireStopped()
    return .answer(
      try debugger.inspect(needing: .nothing) { machine throws(InspectionError) in
        try DescriptorTableView(globalTableOf: &machine)
      })
  }
}
