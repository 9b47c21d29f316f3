import Inspect
import Session
import X86

struct AuditCommand: Command {
  let names = ["audit"]
  let usage = "audit [OPTION VALUE]..."
  let summary = "every rule against the machine as it stands"

  func run(_ line: CommandLine, _ debugger: Debugger) throws(CommandFailure) -> CommandOutcome {
    var selection = try Self.selection(line, debugger, misuse)
    try debugger.requireStopped()
    try debugger.require(.tables)
    try debugger.session { () throws(SessionError) in _ = try debugger.control.knowProcessor(.now) }
    let declared = debugger.control.declarations
    if let checker = debugger.control.checker {
      selection.instruction = checker.instruction(at: debugger.target.coreRegisters.rip)
    }
    let asked = selection
    let audit = try debugger.inspect { machine in
      var audit = ReturnAudit(of: &machine, declared: declared, asking: asked)
      debugger.control.checker?.compare(&audit, of: &machine, declared: declared, asking: asked)
      return audit
    }
    debugger.control.note(audit, asking: asked)
    return .answer(audit)
  }

  private static func selection(
    _ line: CommandLine, _ debugger: Debugger, _ misuse: CommandFailure
  ) throws(CommandFailure) -> AuditSelection {
    var selection = AuditSelection()
    var words = line.words[...]
    while let option = words.popFirst() {
      let value = words.prefix { !$0.hasPrefix("--") }
      words = words.dropFirst(value.count)
      guard !value.isEmpty else { throw misuse }
      let text = value.joined(separator: " ")
      if option == "--cr3" {
        selection.cr3 = CR3(rawValue: try Expression.value(of: text, in: debugger))
      } else if let known = AuditSelection.Option(rawValue: option) {
        try selection.take(known, text)
      } else {
        throw misuse
      }
    }
    return selection
  }
}
