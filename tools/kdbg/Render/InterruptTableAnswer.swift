import Inspect
import X86

extension InterruptTableView: Answer {
  public func write(to page: inout TextPage, names: any NameSource) {
    page.line(
      page.paint("IDT at \(register.base.fullHexadecimal)", .heading)
        + page.paint("  limit \(register.limit.hexadecimal), \(gates.count) gates", .quiet)
        + (root.map(rootWords) ?? ""))
    var table = TextTable()
    for series in Series.all(of: gates) { table.row(series.cells(names)) }
    page.table(table)
    if gates.contains(where: \.descriptor.isPresent),
      gates.allSatisfy({ !$0.descriptor.isPresent || $0.isExecutable == true })
    {
      let table = root.map { "CR3 \($0.rawValue.hexadecimal)" } ?? "the loaded table"
      page.line("  every handler's page is executable under \(table)", .good)
    }
    if let unreadable { page.line(unreadableWords(unreadable), .warning) }
  }

  public func members(names: any NameSource) -> [String: JSONValue] {
    [
      "base": .hexadecimal(register.base.rawValue),
      "limit": .hexadecimal(UInt64(register.limit)),
      "unreadable": .optional(unreadable) { .hexadecimal($0.rawValue) },
      "cr3": .optional(root) { .hexadecimal($0.rawValue) },
      "gates": .array(gates.map { $0.json(names) }),
    ]
  }
}

/// Neighbouring gates that one line can show: all absent, or alike but for an offset that grows by the same step,
/// as the stubs of a table do. The architecture's own vectors always have a line each, unless they are absent.
private struct Series {
  /// The first vector that no exception of the architecture owns. SDM Vol. 3A, 6.2.
  private static let firstFreeVector: UInt8 = 32

  let first: InterruptTableView.Gate
  private(set) var last: InterruptTableView.Gate
  /// The distance of two handlers; nil while there is one gate only.
  private(set) var step: UInt64?

  private init(_ gate: InterruptTableView.Gate) {
    first = gate
    last = gate
  }

  static func all(of gates: [InterruptTableView.Gate]) -> [Series] {
    var found: [Series] = []
    for gate in gates {
      if found.isEmpty || !found[found.count - 1].take(gate) { found.append(Series(gate)) }
    }
    return found
  }

  /// False when `gate` begins another series.
  private mutating func take(_ gate: InterruptTableView.Gate) -> Bool {
    let (mine, other) = (last.descriptor, gate.descriptor)
    guard mine.isPresent == other.isPresent, last.isExecutable == gate.isExecutable else { return false }
    if mine.isPresent {
      guard last.vector >= Self.firstFreeVector, mine.isAlike(other) else { return false }
      let distance = other.offset.rawValue &- mine.offset.rawValue
      guard step == nil || step == distance else { return false }
      step = distance
    } else {
      guard mine == other else { return false }
      step = 0
    }
    last = gate
    return true
  }

  func cells(_ names: any NameSource) -> [TextTable.Cell] {
    let descriptor = first.descriptor
    let label: TextTable.Cell =
      step == nil
      ? .init(first.label)
      : .init("\(first.vector.hexadecimal(digits: 2))-\(last.vector.hexadecimal(digits: 2))")
    guard descriptor.isPresent else { return [label, .init("not present", .quiet)] }
    var place = names.name(of: descriptor.offset)?.text ?? ""
    if let step, step != 0 {
      place += place.isEmpty ? "every \(step.hexadecimal)" : ", every \(step.hexadecimal)"
    }
    return [
      label, .init(descriptor.offset.fullHexadecimal),
      .init("cs \(descriptor.selector.rawValue.hexadecimal)"),
      .init("DPL \(descriptor.privilege)", descriptor.privilege == 3 ? .warning : .plain),
      .init(descriptor.interruptStack == 0 ? "" : "IST\(descriptor.interruptStack)"),
      .init(first.kindWords, descriptor.type == nil ? .bad : .plain),
      .init(place, .symbol),
      first.isExecutable == true
        ? .init("") : .init(first.isExecutable == nil ? "not known if executable" : "NOT EXECUTABLE", .bad),
    ]
  }
}

extension GateDescriptor {
  /// The same in everything but the offset.
  fileprivate func isAlike(_ other: GateDescriptor) -> Bool {
    selector == other.selector && privilege == other.privilege && interruptStack == other.interruptStack
      && typeField == other.typeField && isCodeOrData == other.isCodeOrData
  }
}

extension InterruptTableView.Gate {
  fileprivate var label: String {
    let number = vector.hexadecimal(digits: 2)
    guard let exception = ExceptionVector(rawValue: vector) else { return number }
    return "\(number) \(exception.mnemonic)"
  }

  fileprivate var kindWords: String {
    descriptor.type?.words ?? "type \(descriptor.typeField.hexadecimal), not a gate of the IDT"
  }

  fileprivate func json(_ names: any NameSource) -> JSONValue {
    [
      "vector": .number(Int(vector)),
      "mnemonic": .optional(ExceptionVector(rawValue: vector)) { .string("\($0.mnemonic)") },
      "present": .bool(descriptor.isPresent),
      "offset": .hexadecimal(descriptor.offset.rawValue),
      "symbol": .optional(names.name(of: descriptor.offset)) { .string($0.text) },
      "selector": .hexadecimal(UInt64(descriptor.selector.rawValue)),
      "dpl": .number(Int(descriptor.privilege)),
      "ist": .number(Int(descriptor.interruptStack)),
      "kind": .string(kindWords),
      "executable": .optional(isExecutable, JSONValue.bool),
    ]
  }
}
