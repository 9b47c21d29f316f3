import Inspect
import Render
import Session
import X86

struct SetCommand: Command {
  let names = ["set"]
  let usage = "set $REGISTER|*ADDRESS|{TYPE} ADDRESS = EXPRESSION"
  let summary = "write a register, memory, or physical memory"
  let completion = ArgumentKind.address

  func run(_ line: CommandLine, _ debugger: Debugger) throws(CommandFailure) -> CommandOutcome {
    try debugger.requireStopped()
    guard let (left, right) = Self.split(line.rest) else { throw misuse }
    let place = try Expression(left)
    let value = try Expression.value(of: right, in: debugger)
    switch place {
    case .register(let name): try Self.write(value, toRegister: name, debugger)
    case .memory(let unit, let address):
      try Self.write(value, unit, at: try address.value(in: debugger), debugger)
    default: throw .notAssignable(left)
    }
    // A stub may keep only a part of what it is given.
    return .answer(
      SetAnswer(place: left, wanted: place.kept(of: value), value: try place.value(in: debugger)))
  }

  /// The two sides of the first `=` that is no part of a comparison. gdb's `set variable` is the same.
  private static func split(_ text: String) -> (String, String)? {
    var text = text[...]
    for word in ["var ", "variable "] where text.hasPrefix(word) { text = text.dropFirst(word.count) }
    var before: Character = " "
    for index in text.indices {
      let behind = text[text.index(after: index)...]
      if text[index] == "=", !"=!<>".contains(before), behind.first != "=" {
        return (String(text[..<index]).trimmingSpaces(), String(behind).trimmingSpaces())
      }
      before = text[index]
    }
    return nil
  }

  private static func write(
    _ value: UInt64, toRegister name: String, _ debugger: Debugger
  ) throws(CommandFailure) {
    var value = value
    var whole = name
    if let part = RegisterPart(name: name) {
      whole = part.whole.rawValue
      value = (try debugger.register(whole) ?? 0) & ~part.mask | value & part.mask
    }
    guard let register = RegisterName(alias: whole) else { throw .noSuchRegister(name) }
    try debugger.session { () throws(SessionError) in
      try debugger.target.writeRegister(register.rawValue, value: value)
    }
  }

  private static func write(
    _ value: UInt64, _ unit: MemoryUnit, at address: UInt64, _ debugger: Debugger
  ) throws(CommandFailure) {
    let bytes = unit.bytes(of: value)
    switch unit.space {
    case .linear:
      try debugger.session { () throws(SessionError) in
        try debugger.target.writeMemory(VirtualAddress(address), bytes: bytes)
      }
    case .physical:
      guard let physical = PhysicalAddress(exactly: address) else { throw .notAPhysicalAddress(address) }
      try debugger.session { () throws(SessionError) in
        try debugger.target.writePhysical(physical, bytes: bytes)
      }
    }
  }
}

extension Expression {
  /// What of `value` the place holds that this expression names.
  fileprivate func kept(of value: UInt64) -> UInt64 {
    switch self {
    case .memory(let unit, _): unit.value(of: unit.bytes(of: value))
    case .register(let name): RegisterPart(name: name).map { value & $0.mask } ?? value
    default: value
    }
  }
}

/// What stands in a place that was written.
struct SetAnswer: Answer {
  let place: String
  let wanted: UInt64
  let value: UInt64

  func write(to page: inout TextPage, names: any NameSource) {
    page.line("\(place) = \(value.hexadecimal)")
    if value != wanted { page.line("The target did not keep \(wanted.hexadecimal).", .warning) }
  }

  func members(names: any NameSource) -> [String: JSONValue] {
    ["place": .string(place), "wanted": .hexadecimal(wanted), "value": .hexadecimal(value)]
  }
}
