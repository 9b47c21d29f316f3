import Inspect
import Render
import Session
import X86

struct BreakCommand: Command {
  let names = ["break", "b"]
  let usage = "break ADDRESS|SYMBOL"
  let summary = "stop before the instruction at an address executes"
  let completion = ArgumentKind.address

  func run(_ line: CommandLine, _ debugger: Debugger) throws(CommandFailure) -> CommandOutcome {
    try debugger.requireStopped()
    // gdb wants `*` before an address that is no symbol; here it changes nothing.
    let text = line.rest.hasPrefix("*") ? String(line.rest.dropFirst()) : line.rest
    guard !text.isEmpty else { throw misuse }
    let address = try debugger.address(text)
    let breakpoint = try debugger.session { () throws(SessionError) in
      try debugger.control.addBreakpoint(at: address)
    }
    return .answer(BreakpointSetAnswer(breakpoint: breakpoint))
  }
}

struct BreakpointSetAnswer: Answer {
  let breakpoint: BreakpointList.Breakpoint

  func write(to page: inout TextPage, names: any NameSource) {
    let name = names.name(of: breakpoint.address).map { ": " + page.paint($0.text, .symbol) } ?? ""
    page.line("Breakpoint \(breakpoint.number) at \(breakpoint.address.rawValue.hexadecimal)\(name)")
  }

  func members(names: any NameSource) -> [String: JSONValue] {
    [
      "number": .number(breakpoint.number),
      "address": .hexadecimal(breakpoint.address.rawValue),
      "symbol": .optional(names.name(of: breakpoint.address)) { .string($0.text) },
    ]
  }
}
