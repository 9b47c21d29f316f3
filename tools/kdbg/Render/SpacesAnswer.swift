import Inspect
import X86

extension KnownSpaces: Answer {
  public func write(to page: inout TextPage, names: any NameSource) {
    var table = TextTable()
    for space in spaces { table.row(.init("CR3 \(space.cr3.rawValue.hexadecimal)"), .init(space.words)) }
    page.table(table, indent: 0)
  }

  public func members(names: any NameSource) -> [String: JSONValue] {
    ["spaces": .array(spaces.map(\.json))]
  }
}

extension KnownSpace {
  /// How it is known: `loaded on processor 0, process 1`.
  var words: String { origins.map(\.words).joined(separator: ", ") }

  var json: JSONValue {
    var members: [String: JSONValue] = ["cr3": .hexadecimal(cr3.rawValue)]
    var processors: [JSONValue] = []
    for origin in origins {
      switch origin {
      case .loaded(let processor): processors.append(.number(processor))
      case .kernel: members["kernel"] = true
      case .process(let number): members["process"] = .number(Int(truncatingIfNeeded: number))
      case .configuration: members["configuration"] = true
      case .seen(let stops): members["stops"] = .number(stops)
      case .given: continue
      }
    }
    members["processors"] = .array(processors)
    return .object(members)
  }
}

extension KnownSpace.Origin {
  fileprivate var words: String {
    switch self {
    case .loaded(let processor): "loaded on processor \(processor)"
    case .kernel: "the kernel's own"
    case .process(let number): "process \(number)"
    case .configuration: "named by the configuration"
    case .given: "as given"
    case .seen(let stops): "loaded at \(stops) stop\(stops == 1 ? "" : "s")"
    }
  }
}
