/// Reads an expression by recursive descent. The operators of one row of ``levels`` bind alike, those of a later row closer.
///
///     expression = unary { OPERATOR unary }
///     unary      = ( "-" | "+" | "~" | "!" | "&" ) unary | dereference unary | primary
///     dereference = "*" [ "(" TYPE "*" ")" ] | "{" TYPE [ "physical" ] "}"
///     primary    = NUMBER | "$" REGISTER | SYMBOL | "'" DEMANGLED SYMBOL "'" | "(" expression ")"
///     TYPE       = "u8" | "u16" | "u32" | "u64" | "i8" | ... and C's names for them
struct ExpressionParser {
  private var scanner: ExpressionScanner
  private var depth = 0
  private var operands = 0

  /// How deep things stand in one another, and how many there are: more than anybody writes. They keep a hostile
  /// script from the end of the stack, which an expression of many operands needs too.
  private static let deepest = 200
  private static let mostOperands = 2000

  static func expression(_ text: String) throws(CommandFailure) -> Expression {
    var parser = ExpressionParser(scanner: ExpressionScanner(text))
    let expression = try parser.expression(0)
    guard parser.scanner.isAtEnd else { throw parser.failure }
    return expression
  }

  /// C's binary operators, from the loosest to the closest. A longer spelling stands before its own beginning.
  private static let levels: [[Expression.Binary]] = [
    [.or], [.and], [.bitOr], [.bitExclusiveOr], [.bitAnd], [.equal, .different],
    [.lessOrEqual, .greaterOrEqual, .less, .greater], [.shiftLeft, .shiftRight], [.plus, .minus],
    [.times, .over, .remainder],
  ]

  private var failure: CommandFailure { .notAnExpression(scanner.text, near: scanner.remainder) }

  private mutating func expression(_ level: Int) throws(CommandFailure) -> Expression {
    guard level < Self.levels.count else { return try unary() }
    var left = try expression(level + 1)
    while let operation = Self.levels[level].first(where: { scanner.take($0) }) {
      left = .binary(operation, left, try expression(level + 1))
    }
    return left
  }

  private mutating func unary() throws(CommandFailure) -> Expression {
    depth += 1
    operands += 1
    defer { depth -= 1 }
    guard depth <= Self.deepest, operands <= Self.mostOperands else { throw failure }
    if scanner.take("-") { return .unary(.minus, try unary()) }
    if scanner.take("~") { return .unary(.complement, try unary()) }
    if scanner.take("!") { return .unary(.not, try unary()) }
    if scanner.take("+") { return try unary() }
    // As in gdb; a symbol is its address already.
    if scanner.take("&") { return .symbol(try symbolName()) }
    if scanner.take("*") {
      let unit = scanner.pointerCast() ?? .word
      return .memory(unit, try unary())
    }
    if scanner.take("{") {
      guard let unit = scanner.unit(), scanner.take("}") else { throw failure }
      return .memory(unit, try unary())
    }
    return try primary()
  }

  private mutating func primary() throws(CommandFailure) -> Expression {
    if scanner.take("(") {
      let inner = try expression(0)
      guard scanner.take(")") else { throw failure }
      return inner
    }
    if let quoted = scanner.quoted() { return .symbol(quoted) }
    guard let word = scanner.word() else { throw failure }
    if let first = word.first, first.isNumber {
      guard let number = Expression.number(word) else { throw .notANumber(word) }
      return .number(number)
    }
    return word.first == "$" ? .register(String(word.dropFirst())) : .symbol(word)
  }

  private mutating func symbolName() throws(CommandFailure) -> String {
    if let quoted = scanner.quoted() { return quoted }
    guard let word = scanner.word(), word.first?.isNumber == false else { throw failure }
    return word
  }
}
