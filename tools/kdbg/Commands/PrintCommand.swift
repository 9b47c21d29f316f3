import Inspect
import Render
import X86

struct PrintCommand: Command {
  let names = ["print", "p"]
  let usage = "print[/FORMAT] EXPRESSION"
  let summary = "the value of an expression of numbers, $registers, symbols and memory"
  let completion = ArgumentKind.address

  func run(_ line: CommandLine, _ debugger: Debugger) throws(CommandFailure) -> CommandOutcome {
    guard !line.rest.isEmpty else { throw misuse }
    let value = try Expression.value(of: line.rest, in: debugger)
    return .answer(ValueAnswer(value: value, form: try ValueAnswer.Form(format: line.format)))
  }
}

/// A number and, where it is an address, the symbol it lies in.
struct ValueAnswer: Answer {
  enum Form: Character {
    case hexadecimal = "x"
    case signed = "d"
    case unsigned = "u"
    case binary = "t"
    case octal = "o"
    /// Hexadecimal, with the decimal value of a small number behind.
    case both = "*"

    /// What stands behind `print/`; nil for nothing.
    init(format: String?) throws(CommandFailure) {
      guard let format else {
        self = .both
        return
      }
      guard format.count == 1, let letter = format.first, let form = Self(rawValue: letter) else {
        throw .badFormat(format)
      }
      self = form
    }
  }

  let value: UInt64
  let form: Form

  /// True for what may be a count; an address says nothing in decimal.
  private var isSmall: Bool { (-65536...Int64(UInt32.max)).contains(Int64(bitPattern: value)) }

  func write(to page: inout TextPage, names: any NameSource) {
    let number =
      switch form {
      case .hexadecimal: value.hexadecimal
      case .signed: String(Int64(bitPattern: value))
      case .unsigned: String(value)
      case .binary: String(value, radix: 2)
      case .octal: "0" + String(value, radix: 8)
      case .both: value.hexadecimal + (isSmall ? " (\(Int64(bitPattern: value)))" : "")
      }
    let name = names.name(of: VirtualAddress(value)).map { " " + page.paint("<\($0.text)>", .symbol) }
    page.line(number + (name ?? ""))
  }

  func members(names: any NameSource) -> [String: JSONValue] {
    [
      "value": .hexadecimal(value),
      "symbol": .optional(names.name(of: VirtualAddress(value))) { .string($0.text) },
    ]
  }
}
