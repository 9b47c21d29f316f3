import Inspect
import Render
import Session
import X86

extension BreakpointKind {
  /// What it is called in a sentence.
  var word: String {
    switch self {
    case .software: "breakpoint"
    case .hardware: "hardware breakpoint"
    case .watchWrite: "watchpoint"
    case .watchRead: "read watchpoint"
    case .watchAccess: "access watchpoint"
    }
  }

  /// The value of the JSON key `type`, and the word in the list.
  var typeWord: String {
    switch self {
    case .software: "break"
    case .hardware: "hbreak"
    case .watchWrite: "watch"
    case .watchRead: "rwatch"
    case .watchAccess: "awatch"
    }
  }

  /// Why the target did not take one; a bare number says little, so what it most likely means stands with it.
  func reason(_ error: SessionError, _ presence: CommandFailure.Presence) -> String {
    switch error {
    case .refusedInWords(_, let reason): return reason
    case .unsupported: return "the target has none of that kind"
    case .refused(_, let code):
      let answer = "the target refused (E\(String(code, radix: 16)))"
      guard self == .software else {
        return answer + "; a processor has four places for them and watchpoints together, and may lack a kind"
      }
      return presence == .mapped
        ? answer
        : answer + "; nothing is mapped there, and it writes breakpoints into memory: hbreak works there"
    default: return error.description
    }
  }
}

extension UserBreakpoint {
  /// `4 bytes`.
  var sizeWords: String { kind.byteCount == 1 ? "1 byte" : "\(kind.byteCount) bytes" }

  /// `Hardware breakpoint 2`.
  var title: String {
    let word = lifetime == .oneStop ? "temporary \(kind.word)" : kind.word
    return word.prefix(1).uppercased() + word.dropFirst() + " \(number)"
  }

  /// What is special about it, one phrase each.
  var qualifications: [String] {
    var words: [String] = []
    if let condition { words.append("stop only if \(condition.text)") }
    if let root { words.append("only under CR3 \(root.root.address.rawValue.hexadecimal)") }
    if ignored > 0 { words.append(ignored == 1 ? "the next hit passes" : "the next \(ignored) hits pass") }
    return words
  }

  func members(names: any NameSource) -> [String: JSONValue] {
    var members: [String: JSONValue] = [
      "number": .number(number), "type": .string(kind.typeWord), "address": .hexadecimal(address.rawValue),
      "symbol": .optional(names.name(of: address)) { .string($0.text) }, "hits": .number(hits),
      "enabled": .bool(state == .enabled), "temporary": .bool(lifetime == .oneStop),
      "condition": .optional(condition) { .string($0.text) },
      "cr3": .optional(root) { .hexadecimal($0.root.address.rawValue) }, "ignored": .number(ignored),
      "bytes": isWatchpoint ? .number(kind.byteCount) : .null,
      "value": .optional(isWatchpoint ? value : nil, JSONValue.hexadecimal),
    ]
    if !commands.isEmpty { members["commands"] = .array(commands.map(JSONValue.string)) }
    return members
  }
}

extension BreakpointHit {
  /// What stands below the headline of its stop.
  func writeDetails(to page: inout TextPage) {
    if breakpoint.isWatchpoint {
      let place = "\(breakpoint.sizeWords) at \(breakpoint.address.rawValue.hexadecimal)"
      let new = breakpoint.value.map(\.hexadecimal) ?? "unreadable"
      let old = oldValue.map(\.hexadecimal) ?? "unreadable"
      page.line(oldValue == breakpoint.value ? "\(place): \(new)" : "\(place): \(old) -> \(new)")
    }
    if let complaint, let condition = breakpoint.condition {
      page.line("Its condition \"\(condition.text)\" cannot be evaluated: \(complaint.message)", .warning)
    }
  }

  var members: [String: JSONValue] {
    var members: [String: JSONValue] = [
      "breakpoint": .number(breakpoint.number), "hits": .number(breakpoint.hits),
      "conditionError": .optional(complaint) { .string($0.message) },
    ]
    if breakpoint.isWatchpoint {
      members["watched"] = .hexadecimal(breakpoint.address.rawValue)
      members["old"] = .optional(oldValue, JSONValue.hexadecimal)
      members["new"] = .optional(breakpoint.value, JSONValue.hexadecimal)
    }
    return members
  }
}
