import Inspect

struct LocalTableCommand: Command {
  let names = ["ldt"]
  let usage = "ldt"
  let summary = "the local descriptor table, decoded"

  func run(_ line: CommandLine, _ debugger: Debugger) throws(CommandFailure) -> CommandOutcome {
    guard line.rest.isEmpty else { throw misuse }
    try debugger.requireStopped()
    return .answer(
      try debugger.inspect(needing: .nothing) { machine throws(InspectionError) in
        try DescriptorTableView(localTableOf: &machine)
      })
  }
}
