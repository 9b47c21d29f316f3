import Inspect
import Render
import Symbols
import X86

struct DisassembleCommand: Command {
  let names = ["disassemble", "disas"]
  let usage = "disassemble[/rs] [ADDRESS[,END|,+LENGTH]]"
  let summary = "the code in memory: of a function, or of a range"
  let completion = ArgumentKind.address

  /// Instructions shown at the most.
  private static let mostInstructions = 4_096
  /// Where no symbol says how long the function is.
  private static let instructionsWithoutSymbol = 16

  func run(_ line: CommandLine, _ debugger: Debugger) throws(CommandFailure) -> CommandOutcome {
    try debugger.requireStopped()
    let form = line.format ?? ""
    guard form.allSatisfy({ "rsm".contains($0) }) else { throw misuse }
    let parts = line.rest.split(separator: ",", maxSplits: 1, omittingEmptySubsequences: false)
      .map { String($0).trimmingSpaces() }
    let rip = debugger.target.codeAddress
    let start =
      try parts.first.map { text throws(CommandFailure) in
        text.isEmpty ? rip : try debugger.address(text)
      } ?? rip
    let instructions: [Instruction]
    if parts.count == 2 {
      instructions = try range(from: start, to: try end(parts[1], start, debugger), debugger)
    } else if let function = debugger.program?.function(at: start) {
      instructions = try range(
        from: VirtualAddress(function.lowerBound), to: VirtualAddress(function.upperBound), debugger)
    } else {
      instructions = try debugger.disassemble(start, count: Self.instructionsWithoutSymbol)
    }
    guard !instructions.isEmpty else { throw try debugger.unreadable(start) }
    let places =
      form.contains("s") || form.contains("m")
      ? instructions.map { debugger.program?.scopes(at: $0.address)?.functions.first?.line } : []
    return .answer(
      DisassemblyAnswer(
        instructions: instructions, current: rip.rawValue, bytes: form.contains("r") ? .shown : .hidden,
        places: places))
  }

  private func end(
    _ text: String, _ start: VirtualAddress, _ debugger: Debugger
  ) throws(CommandFailure) -> VirtualAddress {
    guard !text.isEmpty else { throw misuse }
    return text.first == "+"
      ? start + (try debugger.address(String(text.dropFirst())).rawValue) : try debugger.address(text)
  }

  /// The instructions that begin in a range.
  private func range(
    from start: VirtualAddress, to end: VirtualAddress, _ debugger: Debugger
  ) throws(CommandFailure) -> [Instruction] {
    guard start < end else { throw misuse }
    let length = Int(clamping: end.rawValue &- start.rawValue)
    let bytes = debugger.memory(start, count: min(length, Self.mostInstructions * 15) + 15)
    let found = try debugger.decode(bytes, at: start, limit: Self.mostInstructions)
    return Array(found.prefix { $0.address < end })
  }
}

/// What `disassemble` answers.
struct DisassemblyAnswer: Answer {
  enum Bytes { case shown, hidden }

  let instructions: [Instruction]
  /// The next instruction, which is marked.
  let current: UInt64
  let bytes: Bytes
  /// The source line of each instruction; empty where nobody asked.
  let places: [SourceLine?]

  func write(to page: inout TextPage, names: any NameSource) {
    var source = SourceText()
    var shown: SourceLine?
    for (index, instruction) in instructions.enumerated() {
      if index < places.count, let place = places[index], place != shown {
        shown = place
        let text = source.line(place).map { "\t" + $0 } ?? ""
        page.line(page.paint(place.description, .quiet) + text)
      }
      let mark = instruction.address.rawValue == current ? "=> " : "   "
      let code = bytes == .shown ? instruction.hexadecimalBytes : nil
      page.line(mark + InstructionDump.text(instruction, page, names, code: code))
    }
  }

  func members(names: any NameSource) -> [String: JSONValue] {
    [
      "rip": .hexadecimal(current),
      "instructions": .array(
        instructions.enumerated().map { index, instruction in
          guard case .object(var members) = InstructionDump.json(instruction, names) else { return .null }
          if index < places.count {
            members["file"] = .optional(places[index]) { .string($0.file) }
            members["line"] = .optional(places[index]) { .number($0.line) }
          }
          return .object(members)
        }),
    ]
  }
}

extension Instruction {
  /// `48 89 e5`.
  fileprivate var hexadecimalBytes: String {
    bytes.map { String(UInt64($0).hexadecimal(digits: 2).dropFirst(2)) }.joined(separator: " ")
  }
}
