import RemoteProtocol
import Report
import X86

extension ByteSink where Self: ~Copyable {
  mutating func write(_ text: StaticString) {
    for position in 0..<text.utf8CodeUnitCount { write(text.byte(position)) }
  }

  mutating func write(decimal value: UInt64) {
    var divisor: UInt64 = 1
    while value / divisor >= 10 { divisor *= 10 }
    while divisor > 0 {
      write(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value / divisor % 10))
      divisor /= 10
    }
  }

  /// `0x` and as many digits as the value needs.
  mutating func write(hex value: UInt64) {
    write("0x")
    var shift = max(60 - value.leadingZeroBitCount / 4 * 4, 0)
    while shift >= 0 {
      write(Hexadecimal.digit(of: UInt8(truncatingIfNeeded: value >> UInt64(shift)) & 0xf))
      shift -= 4
    }
  }
}
