/// What users write where a number is wanted: addresses, conditions, `print`. Arithmetic wraps at 64 bits and comparisons
/// are unsigned, as addresses want it; a comparison is 1 or 0, and what is not 0 is true.
///
/// A symbol stands for its address. The operators and how they bind are C's; ``ExpressionParser`` has the grammar.
public indirect enum Expression: Equatable, Sendable {
  case number(UInt64)
  /// Without `$`.
  case register(String)
  case symbol(String)
  /// `*EXPR`, `{u32} EXPR`.
  case memory(MemoryUnit, Expression)
  case unary(Unary, Expression)
  case binary(Binary, Expression, Expression)

  public enum Unary: String, Equatable, Sendable {
    case minus = "-"
    case complement = "~"
    case not = "!"
  }

  public enum Binary: String, Equatable, Sendable {
    case times = "*"
    case over = "/"
    case remainder = "%"
    case plus = "+"
    case minus = "-"
    case shiftLeft = "<<"
    case shiftRight = ">>"
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case equal = "=="
    case different = "!="
    case bitAnd = "&"
    case bitExclusiveOr = "^"
    case bitOr = "|"
    case and = "&&"
    case or = "||"
  }

  /// Reads `text`; throws ``CommandFailure/notAnExpression(_:near:)`` where it is none.
  public init(_ text: String) throws(CommandFailure) {
    self = try ExpressionParser.expression(text)
  }

  /// The value of `text` in `scope`.
  public static func value(of text: String, in scope: any ExpressionScope) throws(CommandFailure) -> UInt64 {
    try Expression(text).value(in: scope)
  }

  /// A number: decimal, or hexadecimal behind `0x`; digits may be grouped with `_`. Nil when it is not one or
  /// needs more than 64 bits.
  public static func number(_ text: String) -> UInt64? {
    let digits = text.filter { $0 != "_" }
    let lower = digits.lowercased()
    return lower.hasPrefix("0x") ? UInt64(lower.dropFirst(2), radix: 16) : UInt64(digits, radix: 10)
  }
}

// MARK: Evaluation

extension Expression {
  public func value(in scope: any ExpressionScope) throws(CommandFailure) -> UInt64 {
    switch self {
    case .number(let number): return number
    case .register(let name): return try Self.register(name, scope)
    case .symbol(let name):
      guard let value = try scope.symbol(name) else { throw .noSuchSymbol(name) }
      return value
    case .memory(let unit, let address): return try scope.memory(unit, at: try address.value(in: scope))
    case .unary(let operation, let operand): return operation.apply(to: try operand.value(in: scope))
    case .binary(let operation, let left, let right):
      let value = try left.value(in: scope)
      // The right side of a decided one may not even be readable.
      if operation == .and, value == 0 { return 0 }
      if operation == .or, value != 0 { return 1 }
      return try operation.apply(value, try right.value(in: scope))
    }
  }

  /// Throws where a name means nothing in `scope`; reads no memory.
  public func checkNames(in scope: any ExpressionScope) throws(CommandFailure) {
    switch self {
    case .number: break
    case .register, .symbol: _ = try value(in: scope)
    case .memory(_, let operand), .unary(_, let operand): try operand.checkNames(in: scope)
    case .binary(_, let left, let right):
      try left.checkNames(in: scope)
      try right.checkNames(in: scope)
    }
  }

  /// The same with the addresses of its symbols in their place; throws where there is none of a name.
  func resolvingSymbols(in scope: any ExpressionScope) throws(CommandFailure) -> Expression {
    switch self {
    case .number, .register: return self
    case .symbol: return .number(try value(in: scope))
    case .memory(let unit, let operand): return .memory(unit, try operand.resolvingSymbols(in: scope))
    case .unary(let operation, let operand):
      return .unary(operation, try operand.resolvingSymbols(in: scope))
    case .binary(let operation, let left, let right):
      return .binary(
        operation, try left.resolvingSymbols(in: scope), try right.resolvingSymbols(in: scope))
    }
  }

  /// Mangled Swift names begin with the character that marks a register.
  private static func register(
    _ name: String, _ scope: any ExpressionScope
  ) throws(CommandFailure) -> UInt64 {
    if let value = try scope.register(name) { return value }
    if let value = try scope.symbol("$" + name) { return value }
    throw .noSuchRegister(name)
  }
}

extension Expression.Unary {
  func apply(to value: UInt64) -> UInt64 {
    switch self {
    case .minus: 0 &- value
    case .complement: ~value
    case .not: value == 0 ? 1 : 0
    }
  }
}

extension Expression.Binary {
  func apply(_ left: UInt64, _ right: UInt64) throws(CommandFailure) -> UInt64 {
    switch self {
    case .times: return left &* right
    case .over, .remainder:
      guard right != 0 else { throw .divisionByZero }
      return self == .over ? left / right : left % right
    case .plus: return left &+ right
    case .minus: return left &- right
    // Swift's own: a distance of 64 and more leaves nothing.
    case .shiftLeft: return left << right
    case .shiftRight: return left >> right
    case .less: return left < right ? 1 : 0
    case .lessOrEqual: return left <= right ? 1 : 0
    case .greater: return left > right ? 1 : 0
    case .greaterOrEqual: return left >= right ? 1 : 0
    case .equal: return left == right ? 1 : 0
    case .different: return left != right ? 1 : 0
    case .bitAnd: return left & right
    case .bitExclusiveOr: return left ^ right
    case .bitOr: return left | right
    case .and: return left != 0 && right != 0 ? 1 : 0
    case .or: return left != 0 || right != 0 ? 1 : 0
    }
  }
}
