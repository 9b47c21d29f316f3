import Inspect
import Render
import Session
import Symbols
import X86

/// What the bytes at RIP are.
enum CodeMode {
  /// 64-bit code, and compatibility mode, which needs a look at the descriptor to be told from it.
  case long
  case legacy
  /// The machine will execute nothing more.
  case none
}

/// What the user is told when the machine stands still again.
struct StopAnswer: Answer {
  let reason: StopReason
  /// RIP; nil for a machine that is gone.
  let address: VirtualAddress?
  let code: CodeMode
  let instruction: Instruction?
  let sourceLine: String?
  /// The whole explanation, for a violation and for a shutdown.
  let explanation: Explanation?
  /// The check's counts, where the stop ends it.
  let summary: CheckSummary?
  /// What the user wants to see at every stop.
  let displays: [DisplayedValue]

  func write(to page: inout TextPage, names: any NameSource) {
    if let headline = headline(page, names) { page.line(headline) }
    if case .breakpoint(let hit) = reason { hit.writeDetails(to: &page) }
    if let explanation { explanation.write(to: &page, names: names) }
    if explanation == nil, let line = nextInstruction(page, names) { page.line("=> " + line) }
    summary?.write(to: &page, names: names)
    for display in displays { display.write(to: &page, names: names) }
  }

  /// The headline of an end, without colour.
  var plainHeadline: String? { headline(TextPage(.monochrome), NoNames()) }

  /// What executes next. Outside of 64-bit mode that takes the base of the code segment.
  private func nextInstruction(_ page: TextPage, _ names: any NameSource) -> String? {
    if let instruction { return InstructionDump.text(instruction, page, names) }
    guard case .legacy = code, let address else { return nil }
    return "\(address.rawValue.hexadecimal) in a segment that is not known"
  }

  private func headline(_ page: TextPage, _ names: any NameSource) -> String? {
    switch reason {
    case .breakpoint(let hit): "\(hit.breakpoint.title), \(place(page, names))"
    case .caught(let vectors): "Caught \(vectors.vectorWords), \(place(page, names))"
    case .caughtRing(let ring): "Caught the way into Ring \(ring), \(place(page, names))"
    case .caughtRootTable(let old, let new):
      "Caught CR3 \(old.rawValue.hexadecimal) -> \(new.rawValue.hexadecimal), \(place(page, names))"
    case .stepped: nil
    case .steppedLine, .arrived: place(page, names)
    case .returned(let value): "Returned \(value.hexadecimal) to \(place(page, names))"
    case .interrupted: "Interrupted, \(place(page, names))"
    case .signal(let number): "Stopped by signal \(number), \(place(page, names))"
    case .counted: "Before a return to Ring 3, \(place(page, names))"
    case .reached(.time(let time)): "After \(time.secondsWords), \(place(page, names))"
    case .reached(.text(let text)): "The console said \"\(text)\", \(place(page, names))"
    case .violation: nil
    case .exited(let ending): Self.words(ending)
    case .disconnected: Self.disconnection
    case .shutdown(let cause): page.paint(cause.words, .bad)
    }
  }

  private func place(_ page: TextPage, _ names: any NameSource) -> String {
    guard let address else { return "" }
    let name = names.name(of: address).map { " in " + page.paint($0.text, .symbol) } ?? ""
    return address.rawValue.hexadecimal + name + (sourceLine.map { " at \($0)" } ?? "")
  }

  private static func words(_ ending: MachineEnding) -> String {
    "The machine ended with status \(ending.status)" + (ending.meaning.map { ": \($0)." } ?? ".")
  }

  private static let disconnection =
    "The machine ended: its connection closed while it ran. With which status, whoever started it knows."

  func members(names: any NameSource) -> [String: JSONValue] {
    var members: [String: JSONValue] = ["stop": .string(reason.word)]
    members["rip"] = .optional(address) { .hexadecimal($0.rawValue) }
    members["symbol"] = .optional(address.flatMap(names.name(of:))) { .string($0.text) }
    members["line"] = .optional(sourceLine, JSONValue.string)
    members["instruction"] = .optional(instruction) { InstructionDump.json($0, names) }
    switch reason {
    case .breakpoint(let hit): members.merge(hit.members) { _, new in new }
    case .caught(let vectors): members["vectors"] = .array(vectors.map { .number(Int($0)) })
    case .caughtRing(let ring): members["ring"] = .number(Int(ring))
    case .caughtRootTable(let old, let new):
      members["from"] = .hexadecimal(old.rawValue)
      members["to"] = .hexadecimal(new.rawValue)
    case .returned(let value): members["value"] = .hexadecimal(value)
    case .signal(let number): members["signal"] = .number(Int(number))
    case .exited(let ending):
      members["status"] = .number(Int(ending.status))
      members["meaning"] = .optional(ending.meaning, JSONValue.string)
    default: break
    }
    if let explanation { members["explanation"] = .object(explanation.members(names: names)) }
    if let summary { members["check"] = .object(summary.members(names: names)) }
    if !displays.isEmpty { members["displays"] = .array(displays.map { $0.json(names: names) }) }
    return members
  }
}

extension StopReason {
  /// The value of the JSON key `stop`.
  var word: String {
    switch self {
    case .breakpoint: "breakpoint"
    case .caught: "caught"
    case .caughtRing: "caughtRing"
    case .caughtRootTable: "caughtRootTable"
    case .stepped, .steppedLine: "stepped"
    case .arrived: "arrived"
    case .returned: "returned"
    case .interrupted: "interrupted"
    case .violation: "violation"
    case .counted: "counted"
    case .reached(.time): "time"
    case .reached(.text): "text"
    case .signal: "signal"
    case .exited: "exited"
    case .disconnected: "disconnected"
    case .shutdown(.reset): "reset"
    case .shutdown(.powerOff): "powerOff"
    case .shutdown(.unknown): "shutdown"
    }
  }
}

extension ShutdownCause {
  var words: String {
    switch self {
    case .reset: "Triple fault or reset: QEMU holds the machine where it was. It cannot go on."
    case .powerOff: "The machine powered off."
    case .unknown: "The machine shut down, and QEMU holds it where it was. It cannot go on."
    }
  }
}

extension Debugger {
  /// True for a stop at which the check's counts are of interest.
  private func concludes(_ reason: StopReason) -> Bool {
    switch reason {
    case .violation, .counted, .reached: true
    case .exited, .disconnected, .shutdown, .interrupted: control.isChecking
    case .breakpoint, .caught, .caughtRing, .caughtRootTable, .stepped, .steppedLine, .arrived, .returned,
      .signal:
      false
    }
  }

  /// Puts together what the user is told about a stop.
  func answer(to reason: StopReason, withSummary: Bool = true) -> StopAnswer {
    var explanation: Explanation?
    var address: VirtualAddress?
    switch reason {
    case .violation(let audit): explanation = explain(audit)
    case .shutdown(.reset), .shutdown(.unknown): explanation = explainShutdown()
    default: break
    }
    let hasEnded: Bool
    switch reason {
    case .exited, .disconnected: hasEnded = true
    case .shutdown:
      hasEnded = true
      address = VirtualAddress(target.coreRegisters.rip)
    default:
      hasEnded = false
      address = VirtualAddress(target.coreRegisters.rip)
    }
    var code = CodeMode.none
    // A machine that is gone has no registers to ask for.
    if !hasEnded { code = target.coreRegisters.isLongMode || !target.knowsControlRegisters ? .long : .legacy }
    var shown = code == .none ? nil : address
    if case .legacy = code { shown = target.registers.csCache == nil ? nil : target.codeAddress }
    return StopAnswer(
      reason: reason, address: address, code: code,
      instruction: shown.flatMap { try? disassemble($0, count: 1).first },
      sourceLine: shown.flatMap { program?.sourceLine(at: $0) }, explanation: explanation,
      summary: withSummary && concludes(reason) ? control.summary : nil,
      displays: hasEnded ? [] : displays.all.map(value(of:)))
  }
}
