import Inspect
import Render
import Session
import X86

struct InfoCommand: Command {
  let names = ["info", "i"]
  let usage = "info registers|breakpoints|symbol|line|frame|cpus|threads|display [ARGUMENT]"
  let summary =
    "the registers, the breakpoints, the processors, the frame, or the symbol or line at an address"
  let completion = ArgumentKind.words([
    "registers", "breakpoints", "symbol", "line", "frame", "cpus", "threads", "display",
  ])

  func run(_ line: CommandLine, _ debugger: Debugger) throws(CommandFailure) -> CommandOutcome {
    guard let topic = line.words.first else { throw misuse }
    let rest = Array(line.words.dropFirst())
    if "registers".hasPrefix(topic) || topic == "all-registers" {
      return .answer(try registers(rest, debugger))
    }
    if "breakpoints".hasPrefix(topic), rest.isEmpty {
      return .answer(BreakpointsAnswer(breakpoints: debugger.control.breakpoints.all))
    }
    if "cpus".hasPrefix(topic) || "threads".hasPrefix(topic), rest.isEmpty {
      try debugger.requireStopped()
      let threads = try debugger.session { () throws(SessionError) in try debugger.target.threads() }
      return .answer(try ProcessorsAnswer(debugger, threads))
    }
    if "display".hasPrefix(topic), rest.isEmpty {
      return .answer(DisplaysAnswer(displays: debugger.displays.all))
    }
    if "symbol".hasPrefix(topic), !rest.isEmpty {
      return .answer(SymbolAnswer(address: try debugger.address(rest.joined(separator: " "))))
    }
    if "line".hasPrefix(topic) {
      let address =
        try rest.isEmpty
        ? VirtualAddress(debugger.stoppedRegisters().rip) : debugger.address(rest.joined(separator: " "))
      return .answer(LineAnswer(address: address, scopes: debugger.program?.scopes(at: address)))
    }
    if "frame".hasPrefix(topic), rest.isEmpty {
      try debugger.requireStopped()
      return .answer(
        try debugger.inspect { machine throws(InspectionError) in
          StackFrameAnswer(backtrace: Backtrace(of: &machine, debugger.program, limit: 2))
        })
    }
    throw misuse
  }

  private func registers(_ names: [String], _ debugger: Debugger) throws(CommandFailure) -> any Answer {
    try debugger.requireStopped()
    var selection: [String] = []
    for name in names {
      let plain = name.hasPrefix("$") ? String(name.dropFirst()) : name
      // A part is seen in the whole.
      guard let register = RegisterName(alias: plain) ?? RegisterPart(name: plain)?.whole else {
        throw .noSuchRegister(plain)
      }
      selection.append(register.rawValue)
    }
    return try debugger.inspect(needing: .nothing) { machine in
      RegistersAnswer(machine.registers, selection: selection, hiding: machine.unknownRegisters)
    }
  }
}

/// `info symbol`.
struct SymbolAnswer: Answer {
  let address: VirtualAddress

  func write(to page: inout TextPage, names: any NameSource) {
    page.line(
      names.name(of: address)?.text ?? "No symbol matches \(address.rawValue.hexadecimal).")
  }

  func members(names: any NameSource) -> [String: JSONValue] {
    [
      "address": .hexadecimal(address.rawValue),
      "symbol": .optional(names.name(of: address)) { .string($0.text) },
    ]
  }
}
