/// A place in a received payload, and the reading of what stands there. Each read moves past what it took;
/// one that fails gives nil and leaves the place where it was.
public struct PacketCursor: Sendable {
  public var position: Int

  public init(position: Int = 0) { self.position = position }

  public func isAtEnd(of packet: Span<UInt8>) -> Bool { packet.byte(at: position) == nil }

  /// The next byte, whatever it is.
  public mutating func byte(in packet: Span<UInt8>) -> UInt8? {
    guard let byte = packet.byte(at: position) else { return nil }
    position &+= 1
    return byte
  }

  /// True, and past it, when the next byte is `expected`.
  public mutating func take(_ expected: UInt8, in packet: Span<UInt8>) -> Bool {
    guard packet.byte(at: position) == expected else { return false }
    position &+= 1
    return true
  }

  /// A number, most significant digit first; nil without a digit or above 64 bits.
  public mutating func hexadecimalNumber(in packet: Span<UInt8>) -> UInt64? {
    let start = position
    var value: UInt64 = 0
    while let byte = packet.byte(at: position), let digit = Hexadecimal.value(of: byte) {
      guard value >> 60 == 0 else {
        position = start
        return nil
      }
      value = value << 4 | UInt64(digit)
      position &+= 1
    }
    return position == start ? nil : value
  }

  /// Two digits.
  public mutating func hexadecimalByte(in packet: Span<UInt8>) -> UInt8? {
    guard let high = packet.byte(at: position), let low = packet.byte(at: position &+ 1),
      let byte = Hexadecimal.byte(high, low)
    else { return nil }
    position &+= 2
    return byte
  }

  /// `byteCount` pairs of digits, at most eight, least significant byte first: a register's value.
  public mutating func littleEndian(byteCount: Int, in packet: Span<UInt8>) -> UInt64? {
    let start = position
    var value: UInt64 = 0
    var read = 0
    while read < byteCount, read < 8 {
      guard let byte = hexadecimalByte(in: packet) else {
        position = start
        return nil
      }
      value |= UInt64(byte) << (8 &* UInt64(truncatingIfNeeded: read))
      read &+= 1
    }
    return value
  }

  /// The place of the next `byte` from here on.
  public func next(_ byte: UInt8, in packet: Span<UInt8>) -> Int? {
    var place = position
    while let candidate = packet.byte(at: place) {
      if candidate == byte { return place }
      place &+= 1
    }
    return nil
  }

  /// The bytes up to `end` packed into a number, first byte highest: a way to compare short words. Nil when
  /// there are none or more than eight.
  func word(upTo end: Int, in packet: Span<UInt8>) -> UInt64? {
    let length = end &- position
    guard length > 0, length <= 8 else { return nil }
    var value: UInt64 = 0
    var place = position
    while place < end {
      guard let byte = packet.byte(at: place) else { return nil }
      value = value << 8 | UInt64(byte)
      place &+= 1
    }
    return value
  }
}
