import Inspect
import Render

struct ControlRegistersCommand: Command {
  let names = ["cr"]
  let usage = "cr"
  let summary = "the control and debug registers and EFER, bit by bit"

  func run(_ line: CommandLine, _ debugger: Debugger) throws(CommandFailure) -> CommandOutcome {
    guard line.rest.isEmpty else { throw misuse }
    try debugger.requireStopped()
    return .answer(
      try debugger.inspect(needing: .controlRegisters) { machine in ControlRegistersAnswer(machine.registers)
      })
  }
}
