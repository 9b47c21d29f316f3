import RemoteProtocol
import X86

extension ReplyFrame {
  /// Words without anything that must be escaped.
  mutating func text(_ text: StaticString) {
    var letters = Letters(text)
    while let letter = letters.next() { escaped(letter) }
  }

  mutating func hexadecimal(byte: UInt8) {
    raw(Hexadecimal.digit(of: byte >> 4))
    raw(Hexadecimal.digit(of: byte))
  }

  /// Words as pairs of digits.
  mutating func hexadecimal(text: StaticString) {
    var letters = Letters(text)
    while let letter = letters.next() { hexadecimal(byte: letter) }
  }

  /// Most significant digit first, without leading zeros.
  mutating func hexadecimal(number: UInt64) {
    var shift = (63 &- UInt64(truncatingIfNeeded: (number | 1).leadingZeroBitCount)) & ~3
    while true {
      raw(Hexadecimal.digit(of: UInt8(truncatingIfNeeded: number >> shift)))
      guard shift > 0 else { return }
      shift &-= 4
    }
  }

  /// A register in the order of memory, `byteCount` up to 16 bytes.
  mutating func hexadecimal(_ value: RegisterValue, byteCount: Int) {
    var position = 0
    while position < byteCount {
      let half = position < 8 ? value.low : value.high
      hexadecimal(byte: UInt8(truncatingIfNeeded: half >> UInt64(truncatingIfNeeded: (position & 7) &* 8)))
      position &+= 1
    }
  }

  /// A register that cannot be told.
  mutating func unavailable(byteCount: Int) {
    var remaining = byteCount
    while remaining > 0 {
      raw(UInt8(ascii: "x"))
      raw(UInt8(ascii: "x"))
      remaining &-= 1
    }
  }

  mutating func thread(_ thread: TargetThread) { hexadecimal(number: thread.number) }
}
