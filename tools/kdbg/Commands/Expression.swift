/// What an expression's names stand for.
public protocol ExpressionScope {
  /// The value of register `name` (without `$`), nil when there is none of that name.
  func register(_ name: String) throws(CommandFailure) -> UInt64?
  /// The address of the symbol `name`, nil when there is none.
  func symbol(_ name: String) throws(CommandFailure) -> UInt64?
}

/// An address or number as users write it: numbers, `$registers`, symbols, and sums, differences and products of them.
/// Arithmetic wraps at 64 bits, as the processor's does.
///
///     sum     = product { ("+" | "-") product }
///     product = term { "*" term }
///     term    = NUMBER | "$" REGISTER | SYMBOL | "'" DEMANGLED SYMBOL "'" | "(" sum ")" | "-" term
public struct Expression {
  private var scanner: Scanner
  private let scope: any ExpressionScope

  /// The value of `text` in `scope`.
  public static func value(of text: String, in scope: any ExpressionScope) throws(CommandFailure) -> UInt64 {
    var expression = Expression(scanner: Scanner(text), scope: scope)
    let value = try expression.sum()
    guard expression.scanner.isAtEnd else { throw .notAnAddress(text) }
    return value
  }

  private mutating func sum() throws(CommandFailure) -> UInt64 {
    var value = try product()
    while true {
      if scanner.take("+") {
        value &+= try product()
      } else if scanner.take("-") {
        value &-= try product()
      } else {
        return value
      }
    }
  }

  private mutating func product() throws(CommandFailure) -> UInt64 {
    var value = try term()
    while scanner.take("*") { value &*= try term() }
    return value
  }

  private mutating func term() throws(CommandFailure) -> UInt64 {
    if scanner.take("-") { return 0 &- (try term()) }
    if scanner.take("(") {
      let value = try sum()
      guard scanner.take(")") else { throw .notAnAddress(scanner.text) }
      return value
    }
    if let quoted = scanner.quoted() { return try symbol(quoted) }
    guard let word = scanner.word() else { throw .notAnAddress(scanner.text) }
    if let first = word.first, first.isNumber {
      guard let number = Self.number(word) else { throw .notANumber(word) }
      return number
    }
    // Mangled Swift names begin with the character that marks a register.
    if word.first == "$" {
      let name = String(word.dropFirst())
      if let value = try scope.register(name) { return value }
      if let value = try scope.symbol(word) { return value }
      throw .noSuchRegister(name)
    }
    return try symbol(word)
  }

  private func symbol(_ name: String) throws(CommandFailure) -> UInt64 {
    guard let value = try scope.symbol(name) else { throw .noSuchSymbol(name) }
    return value
  }

  /// A number: decimal, or hexadecimal behind `0x`; digits may be grouped with `_`. Nil when it is not one or
  /// needs more than 64 bits.
  public static func number(_ text: String) -> UInt64? {
    let digits = text.filter { $0 != "_" }
    let lower = digits.lowercased()
    return lower.hasPrefix("0x") ? UInt64(lower.dropFirst(2), radix: 16) : UInt64(digits, radix: 10)
  }
}

/// Takes an expression apart from the left.
private struct Scanner {
  let text: String
  private var rest: Substring

  init(_ text: String) {
    self.text = text
    rest = text[...]
  }

  private mutating func skipSpaces() { rest = rest.drop { $0 == " " || $0 == "\t" } }

  var isAtEnd: Bool { rest.allSatisfy { $0 == " " || $0 == "\t" } }

  mutating func take(_ character: Character) -> Bool {
    skipSpaces()
    guard rest.first == character else { return false }
    rest.removeFirst()
    return true
  }

  /// The text between two apostrophes.
  mutating func quoted() -> String? {
    skipSpaces()
    guard rest.first == "'", let end = rest.dropFirst().firstIndex(of: "'") else { return nil }
    let inner = String(rest.dropFirst()[..<end])
    rest = rest[rest.index(after: end)...]
    return inner
  }

  /// The longest run of characters that names and numbers are made of.
  mutating func word() -> String? {
    skipSpaces()
    let word = rest.prefix { $0.isLetter || $0.isNumber || "_.$@?".contains($0) }
    guard !word.isEmpty else { return nil }
    rest = rest[word.endIndex...]
    return String(word)
  }
}
