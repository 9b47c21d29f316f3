import Inspect

struct InterruptTableCommand: Command {
  let names = ["idt"]
  let usage = "idt"
  let summary = "the interrupt descriptor table, decoded; equal neighbours share a line"

  func run(_ line: CommandLine, _ debugger: Debugger) throws(CommandFailure) -> CommandOutcome {
    guard line.rest.isEmpty else { throw misuse }
    try debugger.requireStopped()
    return .answer(
      try debugger.inspect(needing: .nothing) { machine throws(InspectionError) in
        try InterruptTableView(of: &machine)
      })
  }
}
