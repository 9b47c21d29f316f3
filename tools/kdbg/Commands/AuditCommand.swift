import Inspect

struct AuditCommand: Command {
  let names = ["audit"]
  let usage = "audit"
  let summary = "every rule against the machine as it stands at an iretq, with what could not be checked"
  let details = """
    Each rule has a number (RT-001...) and comes out as held, violated or not checked. Away from an iretq the
    rules about the frame have nothing to judge.
    """

  func run(_ line: CommandLine, _ debugger: Debugger) throws(CommandFailure) -> CommandOutcome {
    guard line.rest.isEmpty else { throw misuse }
    try debugger.requireStopped()
    let kernel = debugger.kernel
    return .answer(try debugger.inspect { machine in ReturnAudit(of: &machine, kernel: kernel) })
  }
}
