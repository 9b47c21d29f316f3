import Inspect
import X86

extension RootTableView: Answer {
  public func write(to page: inout TextPage, names: any NameSource) {
    var heading = page.paint("\(level.name) at \(cr3.root.address.rawValue.hexadecimal)", .heading)
    if let reference {
      heading += page.paint(
        "  compared with CR3 \(reference.cr3.rawValue.hexadecimal), \(reference.source.words)", .quiet)
    }
    page.line(heading)
    guard !slots.isEmpty else {
      page.line("no entry is present")
      return
    }
    var table = TextTable(.right)
    for slot in slots {
      table.row(
        .init(String(slot.index)), .init("\(slot.start.fullHexadecimal)-\(slot.end.fullHexadecimal)"),
        .init(slot.half == .user ? "user" : "kernel", .quiet),
        .init(slot.entry.rawValue.hexadecimal(digits: 16)), .init(slot.entry.flagWords(at: level)),
        .init(slot.comparison.words, slot.comparison.tone))
    }
    page.table(table)
  }

  public func members(names: any NameSource) -> [String: JSONValue] {
    [
      "cr3": .hexadecimal(cr3.rawValue),
      "level": .string(level.name),
      "reference": .optional(reference, \.json),
      "entries": .array(
        slots.map { slot in
          [
            "index": .number(slot.index), "start": .hexadecimal(slot.start.rawValue),
            "end": .hexadecimal(slot.end.rawValue), "half": slot.half == .user ? "user" : "kernel",
            "entry": .hexadecimal(slot.entry.rawValue),
            "flags": slot.entry.flagNames(at: level),
            "comparison": .string(slot.comparison.word),
            "referenceEntry": .optional(slot.comparison.referenceEntry) { .hexadecimal($0.rawValue) },
          ]
        }),
    ]
  }
}

extension RootTableView.Comparison {
  /// The entry of the reference where it is not the same.
  fileprivate var referenceEntry: PageTableEntry? {
    switch self {
    case .notCompared, .same, .onlyHere: nil
    case .onlyInReference(let entry), .differs(let entry): entry
    }
  }

  fileprivate var word: String {
    switch self {
    case .notCompared: "notCompared"
    case .same: "same"
    case .onlyHere: "onlyHere"
    case .onlyInReference: "onlyInReference"
    case .differs: "differs"
    }
  }

  fileprivate var words: String {
    switch self {
    case .notCompared: ""
    case .same: "same"
    case .onlyHere: "only here"
    case .onlyInReference(let entry): "missing here; the reference has \(entry.rawValue.hexadecimal)"
    case .differs(let entry): "the reference has \(entry.rawValue.hexadecimal)"
    }
  }

  fileprivate var tone: Tone {
    switch self {
    case .notCompared, .same: .quiet
    case .onlyHere: .plain
    case .differs: .warning
    case .onlyInReference: .bad
    }
  }
}
