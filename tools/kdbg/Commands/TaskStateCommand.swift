import Inspect

struct TaskStateCommand: Command {
  let names = ["tss"]
  let usage = "tss"
  let summary = "RSP0-2, IST1-7 and the I/O map base, each stack with its state under the loaded CR3"

  func run(_ line: CommandLine, _ debugger: Debugger) throws(CommandFailure) -> CommandOutcome {
    guard line.rest.isEmpty else { throw misuse }
    try debugger.requireStopped()
    return .answer(
      try debugger.inspect { machine throws(InspectionError) in try TaskStateView(of: &machine) })
  }
}
