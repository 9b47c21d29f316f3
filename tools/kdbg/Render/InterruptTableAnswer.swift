import Inspect
import X86

extension InterruptTableView: Answer {
  public func write(to page: inout TextPage, names: any NameSource) {
    page.line(
      page.paint("IDT at \(register.base.fullHexadecimal)", .heading)
        + page.paint("  limit \(register.limit.hexadecimal), \(gates.count) gates", .quiet))
    var table = TextTable()
    for run in gates.runs(where: { $0.merges(with: $1) }) {
      let first = run[run.startIndex]
      let last = run[run.endIndex - 1]
      let label = run.count == 1 ? first.label : "\(first.number)-\(last.number)"
      table.row([.init(label)] + first.cells(names))
    }
    page.table(table)
    if let unreadable { page.line(unreadableWords(unreadable), .warning) }
  }

  public func members(names: any NameSource) -> [String: JSONValue] {
    [
      "base": .hexadecimal(register.base.rawValue),
      "limit": .hexadecimal(UInt64(register.limit)),
      "unreadable": .optional(unreadable) { .hexadecimal($0.rawValue) },
      "gates": .array(gates.map { $0.json(names) }),
    ]
  }
}

extension InterruptTableView.Gate {
  /// The first vector that no exception of the architecture owns. SDM Vol. 3A, 6.2.
  private static let firstFreeVector: UInt8 = 32

  fileprivate var number: String { vector.hexadecimal(digits: 2) }

  fileprivate var label: String {
    guard let exception = ExceptionVector(rawValue: vector) else { return number }
    return "\(number) \(exception.mnemonic)"
  }

  /// Equal gates next to each other are one line; an exception's gate always has its own, unless it is absent.
  fileprivate func merges(with next: Self) -> Bool {
    guard descriptor == next.descriptor else { return false }
    return !descriptor.isPresent || vector >= Self.firstFreeVector
  }

  private var kindWords: String {
    descriptor.type?.words ?? "type \(descriptor.typeField.hexadecimal), not a gate of the IDT"
  }

  fileprivate func cells(_ names: any NameSource) -> [TextTable.Cell] {
    guard descriptor.isPresent else { return [.init("not present", .quiet)] }
    let stack = descriptor.interruptStack
    return [
      .init(descriptor.offset.fullHexadecimal),
      .init("cs \(descriptor.selector.rawValue.hexadecimal)"),
      .init("DPL \(descriptor.privilege)", descriptor.privilege == 3 ? .warning : .plain),
      .init(stack == 0 ? "" : "IST\(stack)"),
      .init(kindWords, descriptor.type == nil ? .bad : .plain),
      .init(names.name(of: descriptor.offset)?.text ?? "", .symbol),
    ]
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
    ]
  }
}
