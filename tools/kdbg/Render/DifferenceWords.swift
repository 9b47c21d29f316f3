import Inspect
import X86

extension PageTableEntry {
  fileprivate var side: String { isPresent ? rawValue.hexadecimal : "not present" }
}

extension PageAttributes {
  var words: String { rights.words + (isGlobal ? " G" : "") + (cacheIndex == 0 ? "" : " PAT\(cacheIndex)") }

  fileprivate var json: JSONValue {
    ["rights": rights.json, "global": .bool(isGlobal), "cacheIndex": .number(Int(cacheIndex))]
  }
}

extension PageAttributes? {
  fileprivate var words: String { self?.words ?? "nothing" }
}

extension DifferenceTotals {
  /// How much is under one of two alone, and what else differs.
  func words(_ first: CR3, _ second: CR3) -> String {
    var words: [String] = []
    if onlyFirst > 0 { words.append("\(onlyFirst.byteWords) only under \(first.rawValue.hexadecimal)") }
    if onlySecond > 0 { words.append("\(onlySecond.byteWords) only under \(second.rawValue.hexadecimal)") }
    if otherMemory > 0 { words.append("\(otherMemory.byteWords) of other memory") }
    if otherRights > 0 { words.append("\(otherRights.byteWords) with other rights") }
    if faulty > 0 { words.append("\(faulty) that cannot be compared") }
    return words.joined(separator: ", ")
  }

  var json: JSONValue {
    [
      "onlyFirst": .hexadecimal(onlyFirst), "onlySecond": .hexadecimal(onlySecond),
      "otherMemory": .hexadecimal(otherMemory), "otherRights": .hexadecimal(otherRights),
      "faulty": .number(Int(truncatingIfNeeded: faulty)), "complete": .bool(!isCut),
    ]
  }
}

extension AddressSpaceDifference {
  /// What it is, between the tables of `one` and `other`.
  func line(_ one: CR3, _ other: CR3, _ page: TextPage, _ names: any NameSource) -> String {
    var line = "\(start.fullHexadecimal)-\(last.fullHexadecimal)"
    line += "  " + byteCount.byteWords.paddedLeft(10) + "  "
    switch kind {
    case .onlyFirst: line += "only under \(one.rawValue.hexadecimal): \(first.words)"
    case .onlySecond: line += "only under \(other.rawValue.hexadecimal): \(second.words)"
    case .otherMemory:
      line += "other memory"
      line +=
        first == second
        ? ": \(first.words)" : ": \(first.words) | \(second.words)"
    case .otherRights: line += "other rights: \(first.words) | \(second.words)"
    case .malformed: line += page.paint("reserved bits are set on one side", .bad)
    case .unreadable: line += page.paint("a table cannot be read", .bad)
    case .again(let totals):
      let bytes = totals.onlyFirst &+ totals.onlySecond &+ totals.otherMemory &+ totals.otherRights
      line += page.paint("the same tables again: \(bytes.byteWords) differ", .quiet)
    }
    if let words = partingWords { line += page.paint("  part at \(words)", .quiet) }
    if let name = names.name(of: start) { line += "  " + page.paint(name.text, .symbol) }
    return line
  }

  /// `PD[3]: 0x8027 | not present`; the values of several are those of the first.
  private var partingWords: String? {
    guard let parting, let count = partingEntries else { return nil }
    let (level, index) = (parting.level.name, parting.index)
    let values = "\(parting.first.side) | \(parting.second.side)"
    if count == 1 { return "\(level)[\(index)]: \(values)" }
    // Neighbouring addresses may belong to several tables.
    let place =
      index + count <= 512
      ? "\(level)[\(index)..\(index + count - 1)]" : "\(count) entries from \(level)[\(index)] on"
    return "\(place), first \(values)"
  }

  var members: [String: JSONValue] {
    var members: [String: JSONValue] = [
      "kind": .string(word), "start": .hexadecimal(start.rawValue), "last": .hexadecimal(last.rawValue),
      "first": .optional(first, \.json), "second": .optional(second, \.json),
      "parting": .optional(parting) {
        [
          "level": .string($0.level.name), "index": .number($0.index),
          "entries": .number(partingEntries ?? 1),
          "first": .hexadecimal($0.first.rawValue), "second": .hexadecimal($0.second.rawValue),
        ]
      },
    ]
    if case .again(let totals) = kind { members["differs"] = totals.json }
    return members
  }

  private var word: String {
    switch kind {
    case .onlyFirst: "onlyFirst"
    case .onlySecond: "onlySecond"
    case .otherRights: "otherRights"
    case .otherMemory: "otherMemory"
    case .malformed: "malformed"
    case .unreadable: "unreadable"
    case .again: "again"
    }
  }
}
