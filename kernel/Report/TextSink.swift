import X86

/// Where words go, a byte at a time: the kernel's serial line, a packet of the stub, a string in kdbg.
public protocol TextSink {
  mutating func write(byte: UInt8)
}

extension TextSink {
  /// A literal, as UTF-8.
  public mutating func write(_ text: StaticString) {
    for position in 0..<text.utf8CodeUnitCount { write(byte: text.byte(position)) }
  }

  public mutating func newline() { write(byte: UInt8(ascii: "\n")) }

  /// `0x` and as many digits as the value needs.
  public mutating func write(hex value: UInt64) {
    write("0x")
    var shift = max(60 - value.leadingZeroBitCount / 4 * 4, 0)
    while shift >= 0 {
      write(byte: Self.digit(value >> UInt64(shift)))
      shift -= 4
    }
  }

  /// `0x` and sixteen digits.
  public mutating func write(paddedHex value: UInt64) {
    write("0x")
    var shift: UInt64 = 64
    while shift > 0 {
      shift -= 4
      write(byte: Self.digit(value >> shift))
    }
  }

  public mutating func write(decimal value: UInt64) {
    var divisor: UInt64 = 1
    while value / divisor >= 10 { divisor *= 10 }
    while divisor > 0 {
      write(byte: UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value / divisor % 10))
      divisor /= 10
    }
  }

  private static func digit(_ value: UInt64) -> UInt8 {
    let nibble = UInt8(truncatingIfNeeded: value & 0xf)
    return nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10
  }
}
