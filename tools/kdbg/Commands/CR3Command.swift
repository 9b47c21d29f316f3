import Inspect

struct CR3Command: Command {
  let names = ["cr3"]
  let usage = "cr3"
  let summary = "the root table that is loaded, whose it is, and the one it is compared with"

  func run(_ line: CommandLine, _ debugger: Debugger) throws(CommandFailure) -> CommandOutcome {
    guard line.rest.isEmpty else { throw misuse }
    try debugger.requireStopped()
    try debugger.require(.controlRegisters)
    let kernel = debugger.kernel
    let reference = debugger.reference
    return .answer(
      try debugger.inspect(needing: .controlRegisters) { machine in
        CR3View(of: &machine, reference: reference, process: kernel?.process)
      })
  }
}
