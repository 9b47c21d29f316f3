import Inspect
import X86

extension DescriptorTableView: Answer {
  public func write(to page: inout TextPage, names: any NameSource) {
    page.line(
      page.paint("\(kind == .global ? "GDT" : "LDT") at \(register.base.fullHexadecimal)", .heading)
        + page.paint("  limit \(register.limit.hexadecimal)", .quiet)
        + (root.map(rootWords) ?? ""))
    var table = TextTable(.right)
    for run in entries.runs(where: { $0.descriptor.rawValue == 0 && $1.descriptor.rawValue == 0 }) {
      let first = run[run.startIndex]
      guard run.count == 1 else {
        let last = run[run.endIndex - 1]
        table.row(
          .init("\(first.selector.rawValue.hexadecimal)-\(last.selector.rawValue.hexadecimal)"),
          .init("\(run.count) null descriptors", .quiet))
        continue
      }
      table.row(first.cells)
    }
    page.table(table)
    if let unreadable { page.line(unreadableWords(unreadable), .warning) }
  }

  public func members(names: any NameSource) -> [String: JSONValue] {
    [
      "base": .hexadecimal(register.base.rawValue),
      "limit": .hexadecimal(UInt64(register.limit)),
      "unreadable": .optional(unreadable) { .hexadecimal($0.rawValue) },
      "cr3": .optional(root) { .hexadecimal($0.rawValue) },
      "entries": .array(entries.map(\.json)),
    ]
  }
}

extension DescriptorTableView.Entry {
  fileprivate var cells: [TextTable.Cell] {
    let attributes = descriptor.attributes
    let raw = TextTable.Cell(descriptor.rawValue.hexadecimal(digits: 16))
    let name = TextTable.Cell(selector.rawValue.hexadecimal)
    guard descriptor.rawValue != 0 else { return [name, raw, .init("null", .quiet)] }
    var words = [kindWords]
    if attributes.isCodeOrData { words.append("DPL \(attributes.privilege)") }
    if !attributes.isPresent { words.append("not present") }
    if attributes.isCode, attributes.isLong, attributes.isDefault32 {
      words.append("L and D both set: not valid")
    }
    if descriptor.systemType != nil {
      words.append("base \(base.hexadecimal), limit \(descriptor.limit.hexadecimal)")
      if upperHalf == nil, layout == .long { words.append("second half past the limit") }
    }
    return [name, raw, .init(words.joined(separator: ", "), attributes.isPresent ? .plain : .warning)]
  }

  private var kindWords: String {
    let attributes = descriptor.attributes
    if attributes.isCode {
      let size = attributes.isLong ? "64-bit code" : attributes.isDefault32 ? "32-bit code" : "16-bit code"
      return attributes.isConforming ? size + ", conforming" : size
    }
    if attributes.isData { return attributes.isWritableData ? "data, writable" : "data, read-only" }
    if layout == .legacy { return Self.legacyWords(attributes.type) }
    return descriptor.systemType?.words
      ?? "system type \(attributes.type.hexadecimal), not defined in long mode"
  }

  /// System types outside of long mode. SDM Vol. 3A, table 3-2.
  private static func legacyWords(_ type: UInt8) -> String {
    switch type {
    case 1: "16-bit TSS, available"
    case 2: "LDT"
    case 3: "16-bit TSS, busy"
    case 4: "16-bit call gate"
    case 5: "task gate"
    case 9: "32-bit TSS, available"
    case 11: "32-bit TSS, busy"
    case 12: "32-bit call gate"
    default: "system type \(UInt64(type).hexadecimal), not defined here"
    }
  }

  fileprivate var json: JSONValue {
    let attributes = descriptor.attributes
    return [
      "selector": .hexadecimal(UInt64(selector.rawValue)),
      "raw": .hexadecimal(descriptor.rawValue),
      "upperHalf": .optional(upperHalf, JSONValue.hexadecimal),
      "kind": .string(descriptor.rawValue == 0 ? "null" : kindWords),
      "present": .bool(attributes.isPresent),
      "dpl": .number(Int(attributes.privilege)),
      "long": .bool(attributes.isLong),
      "accessed": .bool(attributes.isAccessed),
      "base": .hexadecimal(base),
      "limit": .hexadecimal(UInt64(descriptor.limit)),
    ]
  }
}

extension SystemDescriptorType {
  var words: String {
    switch self {
    case .ldt: "LDT"
    case .availableTSS: "64-bit TSS, available"
    case .busyTSS: "64-bit TSS, busy"
    case .callGate: "call gate"
    case .interruptGate: "interrupt gate"
    case .trapGate: "trap gate"
    }
  }
}

/// Behind a table's title, where it was asked for under another root table than the loaded one.
func rootWords(_ root: CR3) -> String { ", under CR3 \(root.rawValue.hexadecimal)" }

/// What to say when a table's list ends before its limit.
func unreadableWords(_ address: VirtualAddress) -> String {
  "the table cannot be read from \(address.rawValue.hexadecimal) on"
}

extension Array {
  /// Neighbours that `belong` together, in order; every element is in exactly one run.
  func runs(where belong: (Element, Element) -> Bool) -> [ArraySlice<Element>] {
    var runs: [ArraySlice<Element>] = []
    var start = startIndex
    while start < endIndex {
      var end = start + 1
      while end < endIndex, belong(self[end - 1], self[end]) { end += 1 }
      runs.append(self[start..<end])
      start = end
    }
    return runs
  }
}
