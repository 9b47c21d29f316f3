import Inspect
import X86

extension AddressTranslation: Answer {
  public func write(to page: inout TextPage, names: any NameSource) {
    operation.write(to: &page)
    var heading = page.paint(walk.address.fullHexadecimal, .heading)
    if let name = names.name(of: walk.address) { heading += "  " + page.paint(name.text, .symbol) }
    heading += page.paint("  under CR3 \(cr3.rawValue.hexadecimal)", .quiet)
    page.line(heading)
    page.table(walk.table(), indent: 2)
    writeOutcome(to: &page)
  }

  private func writeOutcome(to page: inout TextPage) {
    switch walk.outcome {
    case .mapped(let physical, let size):
      page.line(
        page.paint("mapped", .good)
          + " to physical \(physical.rawValue.hexadecimal), \(size.words) page, \(walk.rights.words)"
          + (hasMemory == false ? page.paint(", no memory stands there", .warning) : ""))
      var reasons: [String] = []
      for (right, word) in [(PageRight.write, "read-only"), (.user, "supervisor"), (.execute, "no-execute")] {
        if let step = step(takingAway: right) { reasons.append("\(word) by \(step.name)") }
      }
      if !reasons.isEmpty { page.line("rights: " + reasons.joined(separator: ", ")) }
    default:
      page.line(page.paint("not mapped", .bad) + ": " + walk.reason)
    }
  }

  public func members(names: any NameSource) -> [String: JSONValue] {
    var members = walk.members
    members["address"] = .hexadecimal(walk.address.rawValue)
    members["symbol"] = .optional(names.name(of: walk.address)) { .string($0.text) }
    members["cr3"] = .hexadecimal(cr3.rawValue)
    members["mode"] = .string(operation.word)
    if case .mapped = walk.outcome {
      let rights = walk.rights
      members["hasMemory"] = .optional(hasMemory, JSONValue.bool)
      members["rights"] = [
        "write": .bool(rights.isWritable), "user": .bool(rights.isUser),
        "execute": .bool(rights.isExecutable),
      ]
      members["takenAway"] = [
        "write": .optional(step(takingAway: .write), \.position),
        "user": .optional(step(takingAway: .user), \.position),
        "execute": .optional(step(takingAway: .execute), \.position),
      ]
    }
    return members
  }
}

extension ProcessorOperation {
  /// Says whether the processor would walk these tables at all; nothing where it would.
  func write(to page: inout TextPage) {
    switch self {
    case .longMode: break
    case .notKnown:
      page.line("the target gives no control registers: four levels, with no-execute, are assumed", .warning)
    case .legacyPaging:
      page.line(
        "not in long mode (EFER.LMA=0): the processor reads other tables; these are read as if it were",
        .warning)
    case .pagingOff:
      page.line(
        "paging is off (CR0.PG=0): linear addresses are physical ones; CR3 is read as if it were on", .warning
      )
    }
  }

  /// The word of the JSON key `mode`.
  var word: String {
    switch self {
    case .longMode: "long"
    case .legacyPaging: "legacy"
    case .pagingOff: "pagingOff"
    case .notKnown: "notKnown"
    }
  }
}

extension PageWalk.Step {
  /// Which entry of which table, without its value.
  var position: JSONValue { ["level": .string(level.name), "index": .number(index)] }
}

extension PageWalk {
  /// One row per entry: name, address, raw value, flags, what it leads to.
  func table() -> TextTable {
    var table = TextTable()
    for position in 0..<count {
      let step = self[position]
      let ends = position == count - 1 && physicalAddress == nil
      table.row(
        .init(step.name, ends ? .bad : .plain), .init("at \(step.entryAddress.rawValue.hexadecimal)", .quiet),
        .init(step.entry.rawValue.hexadecimal(digits: 16)), .init(step.entry.flagWords(at: step.level)),
        .init(leadsTo(step), ends ? .bad : .plain))
    }
    return table
  }

  private func leadsTo(_ step: Step) -> String {
    guard step.entry.isPresent else { return "not present" }
    if case .reservedBits(step.level, let mask) = outcome { return "reserved bits \(mask.hexadecimal) set" }
    if step.entry.isLeaf(at: step.level), let size = step.level.leafSize {
      return "\(size.words) page \(step.entry.leafBase(size).rawValue.hexadecimal)"
    }
    guard let next = step.level.next else { return "" }
    return "\(next.name) \(step.entry.frame.address.rawValue.hexadecimal)"
  }

  /// The keys that every walk has, whichever command prints it.
  var members: [String: JSONValue] {
    var members: [String: JSONValue] = [
      "levels": .array(
        (0..<count).map { position in
          let step = self[position]
          return [
            "level": .string(step.level.name), "index": .number(step.index),
            "entryAddress": .hexadecimal(step.entryAddress.rawValue),
            "entry": .hexadecimal(step.entry.rawValue),
            "flags": step.entry.flagNames(at: step.level),
          ]
        })
    ]
    switch outcome {
    case .mapped(let physical, let size):
      members["outcome"] = "mapped"
      members["physical"] = .hexadecimal(physical.rawValue)
      members["pageSize"] = .number(Int(size.bytes))
    case .notPresent(let level):
      members["outcome"] = "notPresent"
      members["endsAt"] = position(of: level)
    case .reservedBits(let level, let mask):
      members["outcome"] = "reservedBits"
      members["reservedBits"] = .hexadecimal(mask)
      members["endsAt"] = position(of: level)
    case .nonCanonical: members["outcome"] = "nonCanonical"
    case .unreadable(let level, let address):
      members["outcome"] = "unreadable"
      members["endsAt"] = position(of: level)
      members["unreadable"] = .hexadecimal(address.rawValue)
    }
    return members
  }

  private func position(of level: PagingLevel) -> JSONValue {
    ["level": .string(level.name), "index": .number(level.index(of: address))]
  }
}
