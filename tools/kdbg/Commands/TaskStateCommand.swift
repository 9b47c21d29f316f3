import Inspect

struct TaskStateCommand: Command {
  let names = ["tss"]
  let usage = "tss [--cr3 VALUE]"
  let summary = "RSP0-2, IST1-7 and the I/O map base, each stack with its state under the loaded CR3"
  let completion = ArgumentKind.words(["--cr3"])

  func run(_ line: CommandLine, _ debugger: Debugger) throws(CommandFailure) -> CommandOutcome {
    try debugger.requireStopped()
    let cr3 = try debugger.rootArgument(line, misuse)
    return .answer(
      try debugger.inspect(needing: cr3 == nil ? .tables : .memory) { machine throws(InspectionError) in
        try TaskStateView(of: &machine, under: cr3)
      })
  }
}
