import Inspect
import Render
import X86

/// `catch` and `tcatch`.
struct CatchCommand: Command {
  let names: [String]
  let summary: String
  let lifetime: UserBreakpoint.Lifetime
  let completion = ArgumentKind.words(["vector", "ring", "cr3", "off"])

  static let kept = CatchCommand(
    names: ["catch"], summary: "stop when a vector is delivered, the ring changes, or CR3", lifetime: .kept)
  static let once = CatchCommand(
    names: ["tcatch"], summary: "the same, until its first stop", lifetime: .oneStop)

  var usage: String {
    lifetime == .kept
      ? "catch [vector NUMBER|all | ring 3|0 | cr3 [VALUE] | off]"
      : "tcatch vector NUMBER|all | ring 3|0 | cr3 [VALUE]"
  }

  func run(_ line: CommandLine, _ debugger: Debugger) throws(CommandFailure) -> CommandOutcome {
    let words = line.words
    if words.isEmpty, lifetime == .kept { return .answer(CatchAnswer(caught: debugger.control.caught)) }
    let control = debugger.control
    try debugger.requireStopped()
    let event: CaughtEvents.Event
    switch (words.first, words.count) {
    case ("off", 1) where lifetime == .kept:
      do { try control.catchNothing() } catch { throw .session(error) }
      return .answer(CatchAnswer(caught: control.caught))
    case _ where !debugger.target.knowsControlRegisters: throw .noControlRegisters
    case ("vector", 2):
      try control.catchVectors(try Self.vectors(words[1]))
      event = .vectors
    case ("ring", 2) where words[1] == "3":
      try control.catchUserReturns()
      event = .ring3
    case ("ring", 2) where words[1] == "0":
      try control.catchEntries()
      event = .ring0
    case ("cr3", 1...):
      let value = String(line.rest.dropFirst(3)).trimmingSpaces()
      let root = value.isEmpty ? nil : CR3(rawValue: try Expression.value(of: value, in: debugger))
      try control.catchRootTableLoads(of: root)
      event = .rootTable
    default: throw misuse
    }
    if lifetime == .oneStop { control.caught.once.insert(event) } else { control.caught.once.remove(event) }
    return .answer(CatchAnswer(caught: control.caught))
  }

  private static func vectors(_ text: String) throws(CommandFailure) -> ClosedRange<UInt8> {
    if text == "all" { return 0...255 }
    guard let vector = Expression.number(text).flatMap(UInt8.init(exactly:)) else { throw .notAVector(text) }
    return vector...vector
  }
}
