import Inspect
import Session

struct CheckCommand: Command {
  let names = ["check"]
  let usage = "check [on [MODE]|off|status|cost]"
  let summary = "audit every return to Ring 3 while the machine runs, and stop at one that breaks a rule"
  let completion = ArgumentKind.words(["on", "off", "status", "cost"])

  func run(_ line: CommandLine, _ debugger: Debugger) throws(CommandFailure) -> CommandOutcome {
    let words = line.words
    if words.count == 2, words[0] == "on" {
      guard let mode = CheckMode(words[1]) else { throw misuse }
      try debugger.requireStopped()
      try debugger.session { () throws(SessionError) in try debugger.control.stopChecking() }
      debugger.control.mode = mode
    }
    switch words.count == 2 && words[0] == "on" ? "on" : line.rest {
    case "on":
      try debugger.requireStopped()
      try debugger.require(.tables)
      if let audit = try debugger.control.startChecking() {
        return .answer(debugger.answer(to: .violation(audit)))
      }
    case "off":
      try debugger.requireStopped()
      try debugger.session { () throws(SessionError) in try debugger.control.stopChecking() }
    case "", "status": break
    case "cost":
      return .answer(CheckCost(cost: debugger.control.checker?.cost ?? AuditCost()))
    default: throw misuse
    }
    return .answer(CheckStatus(control: debugger.control))
  }
}
