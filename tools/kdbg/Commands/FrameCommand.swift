import Inspect

struct FrameCommand: Command {
  let names = ["frame"]
  let usage = "frame [ADDRESS]"
  let summary = "the exception frame that was pushed last, or that iretq is about to pop"
  let completion = ArgumentKind.address

  func run(_ line: CommandLine, _ debugger: Debugger) throws(CommandFailure) -> CommandOutcome {
    try debugger.requireStopped()
    let address = line.rest.isEmpty ? nil : try debugger.address(line.rest)
    return .answer(
      try debugger.inspect { machine throws(InspectionError) in
        if let address { return try FrameView(at: address, in: &machine) }
        return try FrameView(currentOf: &machine)
      })
  }
}
