import Inspect
import Session
import X86

/// What two address spaces translate differently.
public struct DiffAnswer: StreamedAnswer {
  private let first: CR3
  private let second: CR3
  private let half: ComparedHalf
  private let machine: any Debuggee
  private let interrupt: InterruptRequest?

  public init(
    _ first: CR3, _ second: CR3, half: ComparedHalf, of machine: any Debuggee, interrupt: InterruptRequest?
  ) {
    self.first = first
    self.second = second
    self.half = half
    self.machine = machine
    self.interrupt = interrupt
  }

  private var comparison: AddressSpaceComparison {
    AddressSpaceComparison(first, second, half: half, of: machine, interrupt: interrupt)
  }

  public func write(to page: inout TextPage, names: any NameSource) {
    ProcessorOperation(of: machine).write(to: &page)
    let (left, right) = (first.rawValue.hexadecimal, second.rawValue.hexadecimal)
    page.line(
      page.paint("CR3 \(left) and \(right)", .heading)
        + page.paint(half == .kernel ? ", the kernel half" : "", .quiet))
    var comparison = comparison
    comparison.run { difference in page.line("  " + line(of: difference, page, names)) }
    let totals = comparison.totals
    if totals.isCut { return page.line("the comparison ends before its time", .bad) }
    guard !totals.isEmpty else { return page.line("they translate every address alike", .good) }
    var words: [String] = []
    if totals.onlyFirst > 0 { words.append("\(totals.onlyFirst.byteWords) only under \(left)") }
    if totals.onlySecond > 0 { words.append("\(totals.onlySecond.byteWords) only under \(right)") }
    if totals.otherMemory > 0 { words.append("\(totals.otherMemory.byteWords) of other memory") }
    if totals.otherRights > 0 { words.append("\(totals.otherRights.byteWords) with other rights") }
    if totals.faulty > 0 { words.append("\(totals.faulty) that cannot be compared") }
    page.line(words.joined(separator: ", "))
  }

  private func line(
    of difference: AddressSpaceDifference, _ page: TextPage, _ names: any NameSource
  ) -> String {
    var line = "\(difference.start.fullHexadecimal)-\(difference.last.fullHexadecimal)"
    line += "  " + difference.byteCount.byteWords.paddedLeft(10) + "  "
    switch difference.kind {
    case .onlyFirst: line += "only under \(first.rawValue.hexadecimal): \(difference.first.words)"
    case .onlySecond: line += "only under \(second.rawValue.hexadecimal): \(difference.second.words)"
    case .otherMemory:
      line += "other memory"
      line +=
        difference.first == difference.second
        ? ": \(difference.first.words)" : ": \(difference.first.words) | \(difference.second.words)"
    case .otherRights: line += "other rights: \(difference.first.words) | \(difference.second.words)"
    case .malformed: line += page.paint("reserved bits are set on one side", .bad)
    case .unreadable: line += page.paint("a table cannot be read", .bad)
    case .again(let totals):
      let bytes = totals.onlyFirst &+ totals.onlySecond &+ totals.otherMemory &+ totals.otherRights
      line += page.paint("the same tables again: \(bytes.byteWords) differ", .quiet)
    }
    if let words = difference.partingWords { line += page.paint("  part at \(words)", .quiet) }
    if let name = names.name(of: difference.start) { line += "  " + page.paint(name.text, .symbol) }
    return line
  }

  public func write(to object: inout JSONObjectStream, names: any NameSource) {
    var comparison = comparison
    object.member("first", .hexadecimal(first.rawValue))
    object.member("half", half == .kernel ? "kernel" : "both")
    object.list("items") { each in comparison.run { each($0.json) } }
    let totals = comparison.totals
    object.member("same", totals.isCut ? .null : .bool(totals.isEmpty))
    object.member("second", .hexadecimal(second.rawValue))
    object.member("totals", totals.json)
  }
}

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
  fileprivate var json: JSONValue {
    [
      "onlyFirst": .hexadecimal(onlyFirst), "onlySecond": .hexadecimal(onlySecond),
      "otherMemory": .hexadecimal(otherMemory), "otherRights": .hexadecimal(otherRights),
      "faulty": .number(Int(truncatingIfNeeded: faulty)), "complete": .bool(!isCut),
    ]
  }
}

extension AddressSpaceDifference {
  /// `PD[3]: 0x8027 | not present`; the values of several are those of the first.
  fileprivate var partingWords: String? {
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

  fileprivate var json: JSONValue {
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
    return .object(members)
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
