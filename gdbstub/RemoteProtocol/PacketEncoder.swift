/// Where encoded bytes go: a transmit register, a ring, an array.
public protocol ByteSink: ~Copyable {
  mutating func write(_ byte: UInt8)
}

/// What a frame begins with.
public enum PacketKind: UInt8, Equatable, Sendable {
  case packet = 0x24
  case notification = 0x25
}

/// Puts a payload into its frame while it is written: `$`, escapes, `#` and the checksum. GDB manual, E.1.
///
/// `begin`, any number of payload calls, `end`.
public struct PacketEncoder: Sendable {
  private var sum: UInt8 = 0

  public init() {}

  public mutating func begin<Sink: ByteSink & ~Copyable>(
    _ kind: PacketKind = .packet, to sink: inout Sink
  ) {
    sum = 0
    sink.write(kind.rawValue)
  }

  /// Writes the checksum; the frame is complete.
  public mutating func end<Sink: ByteSink & ~Copyable>(to sink: inout Sink) {
    sink.write(UInt8(ascii: "#"))
    sink.write(Hexadecimal.digit(of: sum >> 4))
    sink.write(Hexadecimal.digit(of: sum))
  }

  /// One byte of payload, escaped where it must be.
  public mutating func byte<Sink: ByteSink & ~Copyable>(_ byte: UInt8, to sink: inout Sink) {
    switch byte {
    case UInt8(ascii: "#"), UInt8(ascii: "$"), UInt8(ascii: "}"), UInt8(ascii: "*"):
      raw(UInt8(ascii: "}"), &sink)
      raw(byte ^ 0x20, &sink)
    default:
      raw(byte, &sink)
    }
  }

  /// Payload bytes, escaped where they must be.
  public mutating func bytes<Sink: ByteSink & ~Copyable>(_ bytes: Span<UInt8>, to sink: inout Sink) {
    var position = 0
    while let byte = bytes.byte(at: position) {
      self.byte(byte, to: &sink)
      position &+= 1
    }
  }

  /// Bytes as pairs of digits.
  public mutating func hexadecimal<Sink: ByteSink & ~Copyable>(
    bytes: Span<UInt8>, to sink: inout Sink
  ) {
    var position = 0
    while let byte = bytes.byte(at: position) {
      hexadecimal(byte: byte, to: &sink)
      position &+= 1
    }
  }

  /// One byte as two digits.
  public mutating func hexadecimal<Sink: ByteSink & ~Copyable>(byte: UInt8, to sink: inout Sink) {
    raw(Hexadecimal.digit(of: byte >> 4), &sink)
    raw(Hexadecimal.digit(of: byte), &sink)
  }

  /// A number, most significant digit first, without leading zeros.
  public mutating func hexadecimal<Sink: ByteSink & ~Copyable>(
    number: UInt64, to sink: inout Sink
  ) {
    var shift = (63 &- UInt64(truncatingIfNeeded: (number | 1).leadingZeroBitCount)) & ~3
    while true {
      raw(Hexadecimal.digit(of: UInt8(truncatingIfNeeded: number >> shift)), &sink)
      guard shift > 0 else { return }
      shift &-= 4
    }
  }

  /// The low `byteCount` bytes of a register, in the order of x86 memory.
  public mutating func hexadecimal<Sink: ByteSink & ~Copyable>(
    littleEndian value: UInt64, byteCount: Int, to sink: inout Sink
  ) {
    var rest = value
    var remaining = byteCount
    while remaining > 0 {
      hexadecimal(byte: UInt8(truncatingIfNeeded: rest), to: &sink)
      rest >>= 8
      remaining &-= 1
    }
  }

  private mutating func raw<Sink: ByteSink & ~Copyable>(_ byte: UInt8, _ sink: inout Sink) {
    sum &+= byte
    sink.write(byte)
  }
}
