/// One directive of a format string, as C's `printf` has it.
struct AgentConversion: Equatable, Sendable {
  enum Kind: Equatable, Sendable {
    case signed
    case unsigned
    case octal
    case hexadecimal
    case upperCaseHexadecimal
    case character
    case string
    case pointer
  }

  /// How much of the value is meant.
  enum Size: Equatable, Sendable {
    case short
    case int
    case long
  }

  var kind: Kind = .signed
  var size: Size = .int
  /// `-`
  var isLeftAligned = false
  /// `0`
  var padsWithZeros = false
  /// `+` or a space, for numbers that are not negative.
  var positiveSign: UInt8?
  /// `#`
  var showsBase = false
  /// The least number of bytes printed.
  var width = 0
  /// The least number of digits, or the largest of a string.
  var precision: Int?
}

/// What a format string is made of.
enum AgentFormatPiece: Equatable, Sendable {
  case literal(UInt8)
  case conversion(AgentConversion)
}

/// A place in the format string of a `printf` instruction. It stands there as in C source: escapes come first, then
/// directives.
struct AgentFormat {
  private var position: Int
  /// Behind the last zero byte.
  private let end: Int

  init(of instruction: AgentInstruction) {
    position = instruction.operandEnd
    end = instruction.next
  }

  /// The next piece, nil at the end of the string.
  mutating func next(
    _ expression: AgentExpressionSlice, of bytecode: Span<UInt8>
  ) throws(AgentFault) -> AgentFormatPiece? {
    guard let byte = peek(expression, bytecode), bytecode.byte(at: end &- 1, of: expression) == 0 else {
      throw .format
    }
    // The place stays on the zero byte.
    guard byte != 0 else { return nil }
    position &+= 1
    switch byte {
    case UInt8(ascii: "%"):
      guard peek(expression, bytecode) == UInt8(ascii: "%") else {
        return .conversion(try conversion(expression, bytecode))
      }
      position &+= 1
      return .literal(UInt8(ascii: "%"))
    case UInt8(ascii: "\\"):
      guard let letter = peek(expression, bytecode), let escaped = Self.escape(letter) else { throw .format }
      position &+= 1
      return .literal(escaped)
    default: return .literal(byte)
    }
  }

  private func peek(_ expression: AgentExpressionSlice, _ bytecode: Span<UInt8>) -> UInt8? {
    position < end ? bytecode.byte(at: position, of: expression) : nil
  }

  /// The escapes that GDB's own `printf` knows.
  private static func escape(_ letter: UInt8) -> UInt8? {
    switch letter {
    case UInt8(ascii: "\\"), UInt8(ascii: "\""): letter
    case UInt8(ascii: "a"): 0x07
    case UInt8(ascii: "b"): 0x08
    case UInt8(ascii: "t"): 0x09
    case UInt8(ascii: "n"): 0x0a
    case UInt8(ascii: "v"): 0x0b
    case UInt8(ascii: "f"): 0x0c
    case UInt8(ascii: "r"): 0x0d
    case UInt8(ascii: "e"): 0x1b
    default: nil
    }
  }

  /// What follows a `%`: flags, width, precision, size, letter.
  private mutating func conversion(
    _ expression: AgentExpressionSlice, _ bytecode: Span<UInt8>
  ) throws(AgentFault) -> AgentConversion {
    var conversion = AgentConversion()
    flags: while let flag = peek(expression, bytecode) {
      switch flag {
      case UInt8(ascii: "-"): conversion.isLeftAligned = true
      case UInt8(ascii: "0"): conversion.padsWithZeros = true
      case UInt8(ascii: "+"): conversion.positiveSign = flag
      case UInt8(ascii: " "): conversion.positiveSign = conversion.positiveSign ?? flag
      case UInt8(ascii: "#"): conversion.showsBase = true
      default: break flags
      }
      position &+= 1
    }
    conversion.width = number(expression, bytecode)
    if peek(expression, bytecode) == UInt8(ascii: ".") {
      position &+= 1
      conversion.precision = number(expression, bytecode)
    }
    let size = size(expression, bytecode)
    guard let letter = peek(expression, bytecode), let kind = Self.kind(letter) else { throw .format }
    position &+= 1
    switch kind {
    // Wide characters and strings are refused: `%lc`, `%ls`.
    case .character, .string, .pointer: guard size == nil else { throw .format }
    default: conversion.size = size ?? .int
    }
    conversion.kind = kind
    return conversion
  }

  /// A decimal number, 0 without a digit; what is larger than any output stays there.
  private mutating func number(_ expression: AgentExpressionSlice, _ bytecode: Span<UInt8>) -> Int {
    var number = 0
    while let byte = peek(expression, bytecode), byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") {
      number = min(number &* 10 &+ Int(byte &- UInt8(ascii: "0")), AgentLimits.output &+ 1)
      position &+= 1
    }
    return number
  }

  /// `h`, `l`, `ll` or `z`; nil when there is none.
  private mutating func size(
    _ expression: AgentExpressionSlice, _ bytecode: Span<UInt8>
  ) -> AgentConversion.Size? {
    switch peek(expression, bytecode) {
    case UInt8(ascii: "h"):
      position &+= 1
      return .short
    case UInt8(ascii: "z"):
      position &+= 1
      return .long
    case UInt8(ascii: "l"):
      position &+= 1
      if peek(expression, bytecode) == UInt8(ascii: "l") { position &+= 1 }
      return .long
    default: return nil
    }
  }

  private static func kind(_ letter: UInt8) -> AgentConversion.Kind? {
    switch letter {
    case UInt8(ascii: "d"), UInt8(ascii: "i"): .signed
    case UInt8(ascii: "u"): .unsigned
    case UInt8(ascii: "o"): .octal
    case UInt8(ascii: "x"): .hexadecimal
    case UInt8(ascii: "X"): .upperCaseHexadecimal
    case UInt8(ascii: "c"): .character
    case UInt8(ascii: "s"): .string
    case UInt8(ascii: "p"): .pointer
    default: nil
    }
  }
}
