/// A number as `printf` prints it: sign or prefix, zeros, digits. Digits are taken one by one, the most significant
/// first, so that no buffer is needed.
struct AgentNumber {
  /// `-`, `+` or a space.
  let sign: UInt8?
  /// The letter after the 0 in front of hexadecimal digits.
  let baseLetter: UInt8?
  /// Zeros between the prefix and the digits.
  let zeroCount: Int
  let digitCount: Int
  private let isUpperCase: Bool
  private let base: UInt64
  private var rest: UInt64
  /// What the next digit counts; 0 after the last.
  private var unit: UInt64

  init(_ value: UInt64, _ conversion: AgentConversion) {
    let magnitude: UInt64
    switch conversion.kind {
    case .signed:
      let number = Self.signed(value, conversion.size)
      magnitude = number.magnitude
      sign = number < 0 ? UInt8(ascii: "-") : conversion.positiveSign
    default:
      magnitude = Self.unsigned(value, conversion)
      sign = nil
    }
    base =
      switch conversion.kind {
      case .octal: 8
      case .hexadecimal, .upperCaseHexadecimal, .pointer: 16
      default: 10
      }
    isUpperCase = conversion.kind == .upperCaseHexadecimal
    let showsBase = conversion.kind == .pointer || conversion.showsBase && magnitude != 0
    baseLetter = base == 16 && showsBase ? isUpperCase ? UInt8(ascii: "X") : UInt8(ascii: "x") : nil
    rest = magnitude
    unit = 1
    var count = 1
    while magnitude.dividedReportingOverflow(by: unit).partialValue >= base {
      unit = unit &* base
      count &+= 1
    }
    // An explicit precision of 0 leaves nothing of the number 0, and of an octal 0 its prefix.
    if magnitude == 0, conversion.precision == 0, !(base == 8 && conversion.showsBase) {
      unit = 0
      count = 0
    }
    digitCount = count
    var zeros = 0
    if let precision = conversion.precision {
      zeros = max(precision &- count, 0)
    } else if conversion.padsWithZeros, !conversion.isLeftAligned {
      zeros = max(conversion.width &- count &- (sign == nil ? 0 : 1) &- (baseLetter == nil ? 0 : 2), 0)
    }
    if base == 8, conversion.showsBase, magnitude != 0 { zeros = max(zeros, 1) }
    zeroCount = zeros
  }

  /// Bytes of sign and base.
  var prefixByteCount: Int { (sign == nil ? 0 : 1) &+ (baseLetter == nil ? 0 : 2) }

  /// The next digit as a character; nil after the last.
  mutating func nextDigit() -> UInt8? {
    guard unit != 0 else { return nil }
    let digit = UInt8(truncatingIfNeeded: rest.dividedReportingOverflow(by: unit).partialValue)
    rest = rest.remainderReportingOverflow(dividingBy: unit).partialValue
    unit = unit == 1 ? 0 : unit.dividedReportingOverflow(by: base).partialValue
    if digit < 10 { return UInt8(ascii: "0") &+ digit }
    return (isUpperCase ? UInt8(ascii: "A") : UInt8(ascii: "a")) &+ digit &- 10
  }

  private static func signed(_ value: UInt64, _ size: AgentConversion.Size) -> Int64 {
    switch size {
    case .short: Int64(Int16(truncatingIfNeeded: value))
    case .int: Int64(Int32(truncatingIfNeeded: value))
    case .long: Int64(bitPattern: value)
    }
  }

  private static func unsigned(_ value: UInt64, _ conversion: AgentConversion) -> UInt64 {
    guard conversion.kind != .pointer else { return value }
    return switch conversion.size {
    case .short: UInt64(UInt16(truncatingIfNeeded: value))
    case .int: UInt64(UInt32(truncatingIfNeeded: value))
    case .long: value
    }
  }
}
