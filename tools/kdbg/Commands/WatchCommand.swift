import Inspect
import Session
import X86

/// `watch`, `rwatch` and `awatch`.
struct WatchCommand: Command {
  let names: [String]
  let summary: String
  let kind: @Sendable (Int) -> BreakpointKind
  let completion = ArgumentKind.address

  static let write = WatchCommand(
    names: ["watch"], summary: "stop when a write changes memory, with the old and the new value",
    kind: { .watchWrite(byteCount: $0) })
  static let read = WatchCommand(
    names: ["rwatch"], summary: "stop when memory is read", kind: { .watchRead(byteCount: $0) })
  static let access = WatchCommand(
    names: ["awatch"], summary: "stop when memory is read or written", kind: { .watchAccess(byteCount: $0) })

  var usage: String { "\(names[0]) ADDRESS [LENGTH] [--cr3 VALUE|current] [if EXPRESSION]" }

  func run(_ line: CommandLine, _ debugger: Debugger) throws(CommandFailure) -> CommandOutcome {
    try debugger.requireStopped()
    let arguments = try BreakpointArguments(line.rest, debugger)
    let (text, length) = Self.split(arguments.place)
    guard !text.isEmpty else { throw misuse }
    let address = try debugger.address(text)
    guard [1, 2, 4, 8].contains(length) else { throw .badLength(length) }
    guard address.rawValue.isMultiple(of: UInt64(length)) else { throw .misaligned(address.rawValue, length) }
    return .answer(try arguments.set(kind(length), at: address, .kept, debugger))
  }

  /// The address, and the number that stands alone behind it.
  private static func split(_ text: String) -> (String, Int) {
    let words = text.split(separator: " ")
    guard words.count > 1, let last = words.last, let length = Int(last),
      let before = words.dropLast().last?.last, before.isLetter || before.isNumber || ")'_".contains(before)
    else { return (text, 8) }
    return (words.dropLast().joined(separator: " "), length)
  }
}
