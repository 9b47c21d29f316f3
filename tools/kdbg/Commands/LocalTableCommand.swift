import Inspect

struct LocalTableCommand: Command {
  let names = ["ldt"]
  let usage = "ldt [--cr3 VALUE]"
  let summary = "the local descriptor table, decoded"
  let completion = ArgumentKind.words(["--cr3"])

  func run(_ line: CommandLine, _ debugger: Debugger) throws(CommandFailure) -> CommandOutcome {
    try debugger.requireStopped()
    let cr3 = try debugger.rootArgument(line, misuse)
    return .answer(
      try debugger.inspect(needing: cr3 == nil ? .nothing : .memory) { machine throws(InspectionError) in
        try DescriptorTableView(localTableOf: &machine, under: cr3)
      })
  }
}
