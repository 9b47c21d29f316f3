import Inspect
import X86

extension KnownSpaces: Answer {
  public func write(to page: inout TextPage, names: any NameSource) {
    var table = TextTable()
    for space in spaces { table.row(.init("CR3 \(space.cr3.rawValue.hexadecimal)"), .init(space.words)) }
    page.table(table, indent: 0)
    if let warning = list?.end.warning { page.line(warning, .bad) }
  }

  public func members(names: any NameSource) -> [String: JSONValue] {
    var members: [String: JSONValue] = ["spaces": .array(spaces.map(\.json))]
    guard let list else { return members }
    members["processes"] = .array(
      list.processes.map { process in
        var members = process.members
        members["tables"] = .array(process.tables.map { .hexadecimal($0.rawValue) })
        return .object(members)
      })
    members["processesComplete"] = .bool(list.end == .complete)
    return members
  }
}

extension KnownSpace {
  /// How it is known: `loaded on processor 0, process 1`.
  var words: String {
    var words: [String] = []
    var processes = 0
    for origin in origins {
      if case .process = origin {
        processes += 1
        // Threads share a table, and there may be thousands.
        if processes > Self.namedProcesses { continue }
      }
      words.append(origin.words)
    }
    if processes > Self.namedProcesses {
      let others = processes - Self.namedProcesses
      words.append("\(others) more process\(others == 1 ? "" : "es")")
    }
    return words.joined(separator: ", ")
  }

  /// How many of the processes that have one table are named.
  private static let namedProcesses = 4

  var json: JSONValue {
    var members: [String: JSONValue] = ["cr3": .hexadecimal(cr3.rawValue)]
    var processors: [JSONValue] = []
    var processes: [JSONValue] = []
    for origin in origins {
      switch origin {
      case .loaded(let processor): processors.append(.number(processor))
      case .kernel: members["kernel"] = true
      case .process(let process): processes.append(.object(process.members))
      case .configuration: members["configuration"] = true
      case .seen(let stops): members["stops"] = .number(stops)
      case .given: continue
      }
    }
    members["processors"] = .array(processors)
    if !processes.isEmpty { members["processes"] = .array(processes) }
    // The first one's, for who wants no more.
    if case .object(let first) = processes.first, let number = first["number"], number != .null {
      members["process"] = number
    }
    return .object(members)
  }
}

extension KnownSpace.Origin {
  fileprivate var words: String {
    switch self {
    case .loaded(let processor): "loaded on processor \(processor)"
    case .kernel: "the kernel's own"
    case .process(let process): process.words
    case .configuration: "named by the configuration"
    case .given: "as given"
    case .seen(let stops): "loaded at \(stops) stop\(stops == 1 ? "" : "s")"
    }
  }
}

extension ListedProcess {
  /// `process 3 (sh, waits for input)`
  fileprivate var words: String {
    let details = [name, state?.words].compactMap(\.self)
    let number = number.map { "process \($0)" } ?? "a process"
    return details.isEmpty ? number : "\(number) (\(details.joined(separator: ", ")))"
  }

  fileprivate var members: [String: JSONValue] {
    [
      "name": .optional(name) { .string($0) },
      "number": .optional(number) { .number(Int(truncatingIfNeeded: $0)) },
      "state": .optional(state) { .string($0.words) },
    ]
  }
}

extension ListedProcess.State {
  fileprivate var words: String {
    switch self {
    case .ready: "ready"
    case .waitsForChild: "waits for a child"
    case .waitsForInput: "waits for input"
    case .ended: "ended"
    }
  }
}

extension ProcessList.End {
  /// What there is to say of a list that was not followed to its end; nil for one that was.
  fileprivate var warning: String? {
    switch self {
    case .complete: nil
    case .unreadable(nil): "the list of processes cannot be read: what leads to the first is not mapped"
    case .unreadable(let place?):
      "the list of processes ends before its time: what follows \(place.hexadecimal) cannot be read"
    case .loop(let place):
      "the list of processes ends before its time: \(place.hexadecimal) leads back to one that is not the first"
    case .tooMany(let limit): "the list of processes ends before its time: there are more than \(limit)"
    }
  }
}
