/// Digits of base 16, as packets write numbers and memory.
public enum Hexadecimal {
  /// The value of one digit of either case, nil for any other byte.
  public static func value(of digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit &- UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit &- UInt8(ascii: "a") &+ 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit &- UInt8(ascii: "A") &+ 10
    default: nil
    }
  }

  /// The lower-case digit of the low four bits of `value`.
  public static func digit(of value: UInt8) -> UInt8 {
    let nibble = value & 0xf
    return nibble < 10 ? UInt8(ascii: "0") &+ nibble : UInt8(ascii: "a") &+ nibble &- 10
  }

  /// The byte that two digits spell.
  public static func byte(_ high: UInt8, _ low: UInt8) -> UInt8? {
    guard let high = value(of: high), let low = value(of: low) else { return nil }
    return high << 4 | low
  }
}

extension Span where Element == UInt8 {
  /// The byte at `position`, nil outside the span: packets come from outside, so nothing here may trap.
  @inline(__always)
  public func byte(at position: Int) -> UInt8? {
    position >= 0 && position < count ? self[position] : nil
  }
}
