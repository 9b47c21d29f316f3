import Inspect
import X86

extension CR3View: Answer {
  public func write(to page: inout TextPage, names: any NameSource) {
    var fields: [(String, String)] = [
      ("root table", "\(cr3.root.address.rawValue.hexadecimal), \(depthWords)")
    ]
    if hasProcessContext || cr3.lowBits != 0 {
      fields.append((hasProcessContext ? "PCID" : "low bits", lowBitsWords))
    }
    if let userEntries, let kernelEntries {
      fields.append(
        (
          mode.depth.root.name,
          "present entries: \(userEntries) in the user half, \(kernelEntries) in the kernel half"
        ))
    } else {
      fields.append((mode.depth.root.name, "cannot be read"))
    }
    fields.append(("owner", owner))
    if let reference {
      fields.append(("reference", "CR3 \(reference.cr3.rawValue.hexadecimal), \(reference.source.words)"))
    }
    page.line(page.paint("CR3 \(cr3.rawValue.hexadecimal)", .heading))
    page.fields(fields)
    if operation != .longMode {
      page.line("the processor is not in long mode and does not use these tables as they are shown", .warning)
    }
  }

  private var depthWords: String { mode.depth == .five ? "five levels" : "four levels" }

  private var lowBitsWords: String {
    if hasProcessContext { return cr3.lowBits.hexadecimal }
    switch cr3.lowBits {
    case 1 << 3: return "PWT"
    case 1 << 4: return "PCD"
    default: return cr3.lowBits.hexadecimal
    }
  }

  /// Whose table it is, as far as the kernel says.
  private var owner: String {
    if let reference, reference.source == .kernel, reference.cr3.root == cr3.root {
      return "the kernel's own table"
    }
    if let process, process.cr3.root == cr3.root { return "process \(process.number)" }
    return "not known"
  }

  public func members(names: any NameSource) -> [String: JSONValue] {
    [
      "cr3": .hexadecimal(cr3.rawValue),
      "root": .hexadecimal(cr3.root.address.rawValue),
      "levels": .number(Int(mode.depth.rawValue)),
      "mode": .string(operation.word),
      "pcid": hasProcessContext ? .number(Int(cr3.lowBits)) : .null,
      "userEntries": .optional(userEntries, JSONValue.number),
      "kernelEntries": .optional(kernelEntries, JSONValue.number),
      "reference": .optional(reference, \.json),
      "process": .optional(process) {
        $0.cr3.root == cr3.root ? .number(Int(truncatingIfNeeded: $0.number)) : .null
      },
    ]
  }
}

extension ReferenceTable {
  var json: JSONValue { ["cr3": .hexadecimal(cr3.rawValue), "source": .string(source.word)] }
}

extension ReferenceTable.Source {
  var words: String {
    switch self {
    case .kernel: "the kernel's own table"
    case .configuration: "named by the configuration"
    case .earlierStop: "seen at an earlier stop"
    }
  }

  var word: String {
    switch self {
    case .kernel: "kernel"
    case .configuration: "configuration"
    case .earlierStop: "earlierStop"
    }
  }
}
