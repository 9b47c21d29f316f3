import Inspect
import X86

extension TaskStateView: Answer {
  public func write(to page: inout TextPage, names: any NameSource) {
    page.line(
      page.paint("TSS at \(VirtualAddress(register.base).fullHexadecimal)", .heading)
        + page.paint(
          "  TR \(register.selector.rawValue.hexadecimal), limit \(register.limit.hexadecimal)", .quiet)
        + (root.map(rootWords) ?? ""))
    var table = TextTable()
    for stack in stacks {
      let tone: Tone =
        switch stack.state {
        case .usable: .good
        case .zero: .quiet
        case .unknown, .userAccessible: .warning
        case .refused, .nonCanonical: .bad
        }
      table.row(
        .init(stack.field.name), .init(stack.pointer.hexadecimal(digits: 16)),
        .init(stack.words(in: mode), tone), .init(symbol(stack, names)?.text ?? "", .symbol))
    }
    page.table(table)
    page.line("  IOPB  \(ioMapBase.hexadecimal), \(ioMapWords)")
  }

  private var ioMapWords: String {
    if deniesAllPorts { return "past the limit: Ring 3 has no port" }
    guard let walk = unmappedIOMap else { return "inside the limit, mapped: Ring 3 may have ports" }
    let place = walk.address.rawValue.hexadecimal
    return "inside the limit, not mapped at \(place), \(walk.reason): an access to a port faults"
  }

  /// What the topmost qword of a stack belongs to.
  private func symbol(_ stack: StackTop, _ names: any NameSource) -> SymbolicName? {
    stack.pointer < 8 ? nil : names.name(of: VirtualAddress(stack.pointer &- 8))
  }

  public func members(names: any NameSource) -> [String: JSONValue] {
    [
      "cr3": .hexadecimal(cr3.rawValue),
      "selector": .hexadecimal(UInt64(register.selector.rawValue)),
      "base": .hexadecimal(register.base),
      "limit": .hexadecimal(UInt64(register.limit)),
      "ioMapBase": .hexadecimal(UInt64(ioMapBase)),
      "deniesAllPorts": .bool(deniesAllPorts),
      "ioMapUnmappedAt": .optional(unmappedIOMap) { .hexadecimal($0.address.rawValue) },
      "stacks": .array(
        stacks.map { stack in
          let physical = stack.decidingWalk(in: mode)?.physicalAddress
          return [
            "field": .string(stack.field.name), "pointer": .hexadecimal(stack.pointer),
            "state": .string(stack.state.word),
            "symbol": .optional(symbol(stack, names)) { .string($0.text) },
            "frame": .optional(physical) {
              .hexadecimal(PhysicalFrame(containing: $0).address.rawValue)
            },
            "walk": .optional(stack.decidingWalk(in: mode)) { .object($0.members) },
          ]
        }),
    ]
  }
}

extension StackTop {
  func words(in mode: PagingMode) -> String {
    guard let walk = decidingWalk(in: mode) else {
      return state == .zero ? "not set" : "not canonical: a push raises #SS"
    }
    let frame = walk.physicalAddress.map { PhysicalFrame(containing: $0).address.rawValue.hexadecimal } ?? ""
    switch state {
    case .zero, .nonCanonical: return ""
    case .usable: return "top page in frame \(frame), \(walk.rights.words)"
    case .userAccessible: return "top page in frame \(frame), \(walk.rights.words): Ring 3 can write it"
    case .unknown: return walk.reason
    case .refused:
      if walk.physicalAddress == nil { return "a push faults: \(walk.reason)" }
      return "a push faults: frame \(frame) is \(walk.rights.words)"
    }
  }
}

extension StackState {
  fileprivate var word: String {
    switch self {
    case .zero: "zero"
    case .nonCanonical: "nonCanonical"
    case .usable: "usable"
    case .userAccessible: "userAccessible"
    case .refused: "refused"
    case .unknown: "unknown"
    }
  }
}
