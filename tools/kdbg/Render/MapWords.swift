import Inspect
import Session
import X86

extension MemoryType {
  /// The manual's letters. SDM Vol. 3A, table 11-10.
  var words: String {
    switch self {
    case .uncacheable: "UC"
    case .writeCombining: "WC"
    case .writeThrough: "WT"
    case .writeProtected: "WP"
    case .writeBack: "WB"
    case .uncached: "UC-"
    }
  }
}

extension MemoryBacking {
  var word: String {
    switch self {
    case .memory: "memory"
    case .readOnlyMemory: "readOnlyMemory"
    case .nothing: "none"
    }
  }

  /// What is remarkable; empty for ordinary memory.
  var remark: String {
    switch self {
    case .memory: ""
    case .readOnlyMemory: "ROM"
    case .nothing: "no memory"
    }
  }
}

extension TableReference {
  /// `PD[3]`, or `CR3` for the root.
  var entryName: String { position.map { "\($0.level.name)[\($0.index)]" } ?? "CR3" }

  /// `PT 0x1c7000`.
  var name: String { "\(level.name) \(frame.address.rawValue.hexadecimal)" }

  /// The members that every item about a table has.
  var members: [String: JSONValue] {
    [
      "start": .hexadecimal(start.rawValue), "last": .hexadecimal(last.rawValue),
      "level": .string(level.name), "table": .hexadecimal(frame.address.rawValue),
      "entryAddress": .optional(entryAddress) { .hexadecimal($0.rawValue) },
      "rights": rights.json,
    ]
  }
}

extension PageRights {
  var json: JSONValue {
    ["write": .bool(isWritable), "user": .bool(isUser), "execute": .bool(isExecutable)]
  }
}

extension PageCounts {
  /// `16 pages of 4 KiB, 1 of 2 MiB`.
  var words: String {
    var words: [String] = []
    for size in [PageSize.size4KiB, .size2MiB, .size1GiB] where self[size] > 0 {
      let noun = words.isEmpty ? (self[size] == 1 ? " page" : " pages") : ""
      words.append("\(self[size])\(noun) of \(size.words)")
    }
    return words.isEmpty ? "no page" : words.joined(separator: ", ")
  }

  var json: JSONValue {
    [
      "4KiB": .number(Int(truncatingIfNeeded: small)), "2MiB": .number(Int(truncatingIfNeeded: large)),
      "1GiB": .number(Int(truncatingIfNeeded: huge)),
    ]
  }
}

extension MapItem {
  /// From where to where the item reaches, as it stands at the beginning of each line.
  private static func range(_ start: VirtualAddress, _ last: VirtualAddress) -> String {
    "\(start.fullHexadecimal)-\(last.fullHexadecimal)"
  }

  /// The item's line.
  func line(_ page: TextPage, names: any NameSource, memoryTypes: UInt64?) -> String {
    switch self {
    case .region(let region): return region.line(page, names: names, memoryTypes: memoryTypes)
    case .table(let table, let present):
      return Self.range(table.start, table.last)
        + "  \(table.name.padded(20))  \(table.entryName.padded(9))  \(table.rights.words.padded(14))  "
        + "\(present) of 512 entries present"
    case .repetition(let item):
      let times = item.count == 1 ? "" : " \(item.count) times"
      return Self.range(item.table.start, item.last)
        + page.paint(
          "  again\(times): \(item.table.name), as at \(item.first.fullHexadecimal), \(item.pages.words) each",
          .quiet)
    case .circle(let table, let opened):
      return Self.range(table.start, table.last)
        + page.paint(
          "  \(table.entryName) leads back to the \(opened.name) at \(table.frame.address.rawValue.hexadecimal)",
          .warning)
    case .reserved(let run):
      let place = run.count == 1 ? "\(run.index)" : "\(run.index)..\(run.index + run.count - 1)"
      return Self.range(run.start, run.last)
        + page.paint(
          "  \(run.level.name)[\(place)] has reserved bits \(run.mask.hexadecimal) set: every access faults",
          .bad)
    case .unreadable(let table):
      return Self.range(table.start, table.last)
        + page.paint("  \(table.entryName) names the \(table.name), which cannot be read", .bad)
    }
  }

  func json(names: any NameSource, memoryTypes: UInt64?) -> JSONValue {
    switch self {
    case .region(let region): return .object(region.members(names: names, memoryTypes: memoryTypes))
    case .table(let table, let present):
      return .object(
        table.members.merging(["kind": "table", "present": .number(present)]) { $1 })
    case .repetition(let item):
      return .object(
        item.table.members.merging([
          "kind": "repetition", "last": .hexadecimal(item.last.rawValue),
          "count": .number(Int(truncatingIfNeeded: item.count)), "pages": item.pages.json,
          "first": .hexadecimal(item.first.rawValue),
        ]) { $1 })
    case .circle(let table, let opened):
      return .object(
        table.members.merging(["kind": "circle", "opened": .string(opened.name)]) { $1 })
    case .reserved(let run):
      return [
        "kind": "reserved", "start": .hexadecimal(run.start.rawValue),
        "last": .hexadecimal(run.last.rawValue),
        "level": .string(run.level.name), "index": .number(run.index), "count": .number(run.count),
        "entryAddress": .hexadecimal(run.entryAddress.rawValue), "entry": .hexadecimal(run.entry.rawValue),
        "bits": .hexadecimal(run.mask),
      ]
    case .unreadable(let table):
      return .object(table.members.merging(["kind": "unreadable"]) { $1 })
    }
  }
}

extension MappedRegion {
  func line(_ page: TextPage, names: any NameSource, memoryTypes: UInt64?) -> String {
    let bytes = last.rawValue &- start.rawValue &+ 1
    let type = MemoryType(index: cacheIndex, of: memoryTypes)?.words ?? "PAT\(cacheIndex)"
    var line = "\(start.fullHexadecimal)-\(last.fullHexadecimal)"
    line += "  " + bytes.byteWords.paddedLeft(10)
    let rights = "  " + self.rights.words.padded(14) + (isGlobal ? " G " : "   ") + type.padded(4)
    line += self.rights.isWritable && self.rights.isExecutable ? page.paint(rights, .warning) : rights
    let pages = size.map { "\(pageCount) x \($0.words)" } ?? "\(pageCount) pages"
    line += "  " + pages.padded(14)
    line += "  " + (physical.map { "at \($0.rawValue.hexadecimal)" } ?? "scattered").padded(14)
    if let remark = backing?.remark, !remark.isEmpty { line += "  " + page.paint(remark, .warning) }
    if let name = names.name(of: start) { line += "  " + page.paint(name.text, .symbol) }
    while line.last == " " { line.removeLast() }
    return line
  }

  func members(names: any NameSource, memoryTypes: UInt64?) -> [String: JSONValue] {
    [
      "kind": "pages", "start": .hexadecimal(start.rawValue), "last": .hexadecimal(last.rawValue),
      "rights": rights.json, "global": .bool(isGlobal),
      "memoryType": .optional(MemoryType(index: cacheIndex, of: memoryTypes)) { .string($0.words) },
      "cacheIndex": .number(Int(cacheIndex)),
      "pageSize": .optional(size) { .number(Int($0.bytes)) },
      "pages": .number(Int(truncatingIfNeeded: pageCount)),
      "physical": .optional(physical) { .hexadecimal($0.rawValue) },
      "backing": .optional(backing) { .string($0.word) },
      "symbol": .optional(names.name(of: start)) { .string($0.text) },
    ]
  }
}

extension MapTotals {
  /// The lines at the end of the list.
  func write(to page: inout TextPage, _ query: MapQuery) {
    if query.listsTables {
      page.line("\(tables) table\(tables == 1 ? "" : "s"), \((tables * 4096).byteWords)" + repeatedWords)
    } else {
      let pagesIn =
        query.grouping == .none ? "" : " in \(regions) region\(regions == 1 ? "" : "s")"
      page.line(
        "\(pages.words): \(pages.byteCount.byteWords)\(pagesIn); \(tables) table\(tables == 1 ? "" : "s") read"
          + repeatedWords)
    }
    if circles > 0 { page.line("entries that lead back to a table on their own way: \(circles)", .warning) }
    if reserved > 0 { page.line("entries with reserved bits set: \(reserved)", .bad) }
    if unreadable > 0 { page.line("tables that cannot be read: \(unreadable)", .bad) }
    if isCut { page.line("the list ends before its time", .bad) }
  }

  private var repeatedWords: String {
    guard repeatedTables > 0 else { return "" }
    let entries = repeatedTables == 1 ? "1 entry names" : "\(repeatedTables) entries name"
    return "; \(entries) one of them again, with \(repeatedPages.words) of these"
  }

  var json: JSONValue {
    func number(_ value: UInt64) -> JSONValue { .number(Int(truncatingIfNeeded: value)) }
    return [
      "pages": pages.json, "repeatedPages": repeatedPages.json, "bytes": .hexadecimal(pages.byteCount),
      "regions": number(regions), "tables": number(tables), "repeatedTables": number(repeatedTables),
      "circles": number(circles), "reserved": number(reserved), "unreadable": number(unreadable),
      "complete": .bool(!isCut),
    ]
  }
}
