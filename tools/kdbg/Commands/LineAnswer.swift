import Inspect
import Render
import Symbols
import X86

/// `info line`: the place in the source, and the functions that were inlined there.
struct LineAnswer: Answer {
  let address: VirtualAddress
  let scopes: CodeScopes?

  func write(to page: inout TextPage, names: any NameSource) {
    let place = address.rawValue.hexadecimal
    guard let functions = scopes?.functions, functions.contains(where: { $0.line != nil }) else {
      page.line("No line of a source is known for \(place).")
      return
    }
    for (index, function) in functions.enumerated() {
      let line = function.line.map { "\($0.file):\($0.line)" } ?? "no line"
      let words = index == 0 ? "\(place) is at " : "  inlined at "
      page.line(words + line + " in " + page.paint(function.name, .symbol))
    }
  }

  func members(names: any NameSource) -> [String: JSONValue] {
    [
      "address": .hexadecimal(address.rawValue),
      "functions": .optional(scopes?.functions) { .array($0.map(\.json)) },
    ]
  }
}

/// `info frame`: the frame in which the machine stands, and how its caller is found.
struct StackFrameAnswer: Answer {
  let backtrace: Backtrace

  func write(to page: inout TextPage, names: any NameSource) {
    guard let frame = backtrace.entries.first else { return }
    let registers = frame.frame.registers
    var fields = [("RIP", Self.place(frame)), ("RSP", (registers.rsp ?? 0).hexadecimal(digits: 16))]
    if let caller = backtrace.entries.dropFirst().first {
      let known = caller.frame.registers
      fields.append(("caller", Self.place(caller)))
      fields.append(("found by", caller.frame.origin.words))
      fields.append(("its RSP", known.rsp.map { $0.hexadecimal(digits: 16) } ?? "not known"))
      fields.append(("its RBP", known.rbp.map { $0.hexadecimal(digits: 16) } ?? "not known"))
    } else {
      fields.append(("caller", backtrace.end.words ?? "none: this is where the stack begins"))
    }
    page.fields(fields, indent: 0)
  }

  private static func place(_ entry: Backtrace.Entry) -> String {
    let line = entry.functions.first?.line.map { " at \($0)" } ?? ""
    return entry.frame.address.rawValue.hexadecimal(digits: 16) + (entry.name.map { " in \($0.text)" } ?? "")
      + line
  }

  func members(names: any NameSource) -> [String: JSONValue] { backtrace.members(names: names) }
}
