import Inspect
import Session

struct CheckCommand: Command {
  let names = ["check"]
  let usage = "check [on|off|status]"
  let summary = "audit every return to Ring 3 while the machine runs, and stop at one that breaks a rule"
  let completion = ArgumentKind.words(["on", "off", "status"])

  func run(_ line: CommandLine, _ debugger: Debugger) throws(CommandFailure) -> CommandOutcome {
    switch line.rest {
    case "on":
      try debugger.requireStopped()
      if let audit = try debugger.control.startChecking() {
        return .answer(debugger.answer(to: .violation(audit)))
      }
    case "off":
      try debugger.requireStopped()
      try debugger.session { () throws(SessionError) in try debugger.control.stopChecking() }
    case "", "status": break
    default: throw misuse
    }
    return .answer(CheckStatus(control: debugger.control))
  }
}
