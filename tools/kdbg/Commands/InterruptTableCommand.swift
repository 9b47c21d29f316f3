import Inspect

struct InterruptTableCommand: Command {
  let names = ["idt"]
  let usage = "idt [--cr3 VALUE]"
  let summary = "the interrupt descriptor table, decoded; equal neighbours share a line"
  let completion = ArgumentKind.words(["--cr3"])

  func run(_ line: CommandLine, _ debugger: Debugger) throws(CommandFailure) -> CommandOutcome {
    try debugger.requireStopped()
    let cr3 = try debugger.rootArgument(line, misuse)
    return .answer(
      try debugger.inspect(needing: cr3 == nil ? .nothing : .memory) { machine throws(InspectionError) in
        try InterruptTableView(of: &machine, under: cr3)
      })
  }
}
