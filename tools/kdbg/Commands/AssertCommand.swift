import Inspect
import Render

struct AssertCommand: Command {
  let names = ["assert"]
  let usage = "assert EXPRESSION [, MESSAGE]"
  let summary = "fail unless an expression is true"
  let completion = ArgumentKind.address

  func run(_ line: CommandLine, _ debugger: Debugger) throws(CommandFailure) -> CommandOutcome {
    let (text, message) = Self.parts(line.rest)
    guard !text.isEmpty else { throw misuse }
    let expression = try Expression(text)
    guard try expression.value(in: debugger) != 0 else {
      throw .assertion(
        (message.map { "\($0): " } ?? "") + text + (try Self.operands(of: expression, debugger)))
    }
    return .answer(HeldAnswer())
  }

  /// What stands before the first comma, and behind it. A symbol in apostrophes may have commas of its own.
  private static func parts(_ text: String) -> (expression: String, message: String?) {
    var isQuoted = false
    for index in text.indices {
      if text[index] == "'" { isQuoted.toggle() }
      if text[index] == ",", !isQuoted {
        let message = String(text[text.index(after: index)...]).trimmingSpaces()
        return (String(text[..<index]).trimmingSpaces(), message.isEmpty ? nil : message)
      }
    }
    return (text, nil)
  }

  /// What a comparison that failed compared.
  private static func operands(
    of expression: Expression, _ debugger: Debugger
  ) throws(CommandFailure) -> String {
    guard case .binary(let operation, let left, let right) = expression, operation.isComparison else {
      return ""
    }
    let (first, second) = (try left.value(in: debugger), try right.value(in: debugger))
    return " (\(first.hexadecimal) \(operation.rawValue) \(second.hexadecimal))"
  }
}

extension Expression.Binary {
  fileprivate var isComparison: Bool {
    switch self {
    case .less, .lessOrEqual, .greater, .greaterOrEqual, .equal, .different: true
    default: false
    }
  }
}

/// What was asserted or expected is so; there is nothing to say.
struct HeldAnswer: Answer {
  func write(to page: inout TextPage, names: any NameSource) {}
  func members(names: any NameSource) -> [String: JSONValue] { ["held": true] }
}
