import Inspect
import Render
import X86

struct CatchCommand: Command {
  let names = ["catch"]
  let usage = "catch [vector NUMBER|all | off]"
  let summary = "stop at the first instruction of a vector's handler, whatever enters it"
  let completion = ArgumentKind.words(["vector", "off"])

  func run(_ line: CommandLine, _ debugger: Debugger) throws(CommandFailure) -> CommandOutcome {
    let words = line.words
    switch words.first {
    case nil: break
    case "off" where words.count == 1:
      try debugger.requireStopped()
      do { try debugger.control.catchNothing() } catch { throw .session(error) }
    case "vector" where words.count == 2:
      try debugger.requireStopped()
      try debugger.control.catchVectors(try Self.vectors(words[1]))
    default: throw misuse
    }
    return .answer(CatchAnswer(caught: debugger.control.caught))
  }

  private static func vectors(_ text: String) throws(CommandFailure) -> ClosedRange<UInt8> {
    if text == "all" { return 0...255 }
    guard let vector = Expression.number(text).flatMap(UInt8.init(exactly:)) else { throw .notAVector(text) }
    return vector...vector
  }
}

struct CatchAnswer: Answer {
  let caught: CaughtVectors

  func write(to page: inout TextPage, names: any NameSource) {
    guard !caught.vectors.isEmpty else {
      page.line("No vector is caught.")
      return
    }
    if caught.vectors.count == 256 {
      page.line("All vectors are caught, at \(caught.handlers.count) handlers.")
      return
    }
    for (address, vectors) in caught.handlers.sorted(by: { $0.value[0] < $1.value[0] }) {
      let name = names.name(of: VirtualAddress(address)).map { ": " + page.paint($0.text, .symbol) } ?? ""
      page.line("Catching \(vectors.vectorWords) at \(address.hexadecimal)\(name)")
    }
    let rest = caught.withoutHandler
    if !rest.isEmpty { page.line("No gate delivers \(rest.vectorWords) now.", .warning) }
  }

  func members(names: any NameSource) -> [String: JSONValue] {
    [
      "vectors": .array(caught.vectors.sorted().map { .number(Int($0)) }),
      "handlers": .array(
        caught.handlers.sorted { $0.value[0] < $1.value[0] }.map { address, vectors in
          [
            "address": .hexadecimal(address), "vectors": .array(vectors.map { .number(Int($0)) }),
            "symbol": .optional(names.name(of: VirtualAddress(address))) { .string($0.text) },
          ]
        }),
    ]
  }
}
