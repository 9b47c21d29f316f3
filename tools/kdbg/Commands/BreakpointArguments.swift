import Session
import X86

/// What stands behind `break` and `watch`: `ADDRESS [LENGTH] [--cr3 VALUE|current] [if EXPRESSION]`.
struct BreakpointArguments {
  /// The address, and for a watchpoint the length behind it.
  var place: String
  var root: CR3?
  var condition: UserBreakpoint.Condition?

  /// Reads `text`; names that mean nothing are refused at once, and not at the first stop.
  init(_ text: String, _ debugger: Debugger) throws(CommandFailure) {
    var words = text.split(whereSeparator: \.isWhitespace)
    if let position = words.firstIndex(of: "if") {
      let expression = words[(position + 1)...].joined(separator: " ")
      let condition = try UserBreakpoint.Condition(expression)
      try condition.expression.checkNames(in: debugger)
      self.condition = condition
      words.removeSubrange(position...)
    }
    if let position = words.firstIndex(of: "--cr3") {
      guard debugger.target.knowsControlRegisters else { throw .noControlRegisters }
      guard position + 1 < words.count else { throw .other("--cr3 needs a value, or \"current\"") }
      let value = String(words[position + 1])
      root =
        value == "current"
        ? debugger.target.coreRegisters.cr3
        : CR3(rawValue: try Expression.value(of: value, in: debugger))
      words.removeSubrange(position...(position + 1))
    }
    place = words.joined(separator: " ")
  }

  /// Puts the breakpoint in.
  func set(
    _ kind: BreakpointKind, at address: VirtualAddress, _ lifetime: UserBreakpoint.Lifetime,
    _ debugger: Debugger
  ) throws(CommandFailure) -> BreakpointSetAnswer {
    let breakpoint = try debugger.control.addBreakpoint(kind, at: address) {
      $0.lifetime = lifetime
      $0.root = root
      $0.condition = condition
    }
    return BreakpointSetAnswer(breakpoint: breakpoint)
  }
}
