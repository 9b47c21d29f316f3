import Inspect
import Render
import Session
import X86

/// `break` and its relatives, which differ in what they put in and for how long.
struct BreakCommand: Command {
  let names: [String]
  let summary: String
  let kind: BreakpointKind
  let lifetime: UserBreakpoint.Lifetime
  let completion = ArgumentKind.address

  static let software = BreakCommand(
    names: ["break", "b"], summary: "stop before the instruction at an address executes", kind: .software,
    lifetime: .kept)
  static let hardware = BreakCommand(
    names: ["hbreak", "hb"], summary: "the same through the processor's debug registers", kind: .hardware,
    lifetime: .kept)
  static let temporary = BreakCommand(
    names: ["tbreak", "tb"], summary: "a breakpoint that goes with its first stop", kind: .software,
    lifetime: .oneStop)

  var usage: String { "\(names[0]) ADDRESS [--cr3 VALUE|current] [if EXPRESSION]" }

  func run(_ line: CommandLine, _ debugger: Debugger) throws(CommandFailure) -> CommandOutcome {
    try debugger.requireStopped()
    var arguments = try BreakpointArguments(line.behindName, debugger)
    // gdb wants `*` before an address that is no symbol; here it changes nothing.
    if arguments.place.hasPrefix("*") { arguments.place.removeFirst() }
    guard !arguments.place.isEmpty else { throw misuse }
    let address = try debugger.address(arguments.place)
    return .answer(try arguments.set(kind, at: address, lifetime, debugger))
  }
}

/// A breakpoint or watchpoint that was set or changed.
struct BreakpointSetAnswer: Answer {
  let breakpoint: UserBreakpoint

  func write(to page: inout TextPage, names: any NameSource) {
    let name = names.name(of: breakpoint.address).map { ": " + page.paint($0.text, .symbol) } ?? ""
    let size = breakpoint.isWatchpoint ? ", \(breakpoint.sizeWords)" : ""
    page.line("\(breakpoint.title) at \(breakpoint.address.rawValue.hexadecimal)\(size)\(name)")
    for words in breakpoint.qualifications { page.line("  \(words)") }
    if breakpoint.isWatchpoint, breakpoint.value == nil { page.line("  It cannot be read now.", .warning) }
  }

  func members(names: any NameSource) -> [String: JSONValue] { breakpoint.members(names: names) }
}
