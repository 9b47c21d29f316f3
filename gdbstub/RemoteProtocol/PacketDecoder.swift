/// Finds packets in a stream of bytes. GDB manual, E.1.
///
///     $ payload # checksum        payload: bytes, `}` byte^0x20, and in replies byte `*` (count + 29)
///
/// It holds no buffer and does no input: the caller hands in each byte and the buffer that the payload under way
/// goes to. The same buffer must be passed until the packet is complete. No input makes it trap.
public struct PacketDecoder: Sendable {
  private enum State {
    case idle
    case payload
    case escape
    case runLength
    case checksumHigh
    case checksumLow
  }

  public let direction: PacketDirection
  private var state = State.idle
  private var isNotification = false
  private var count = 0
  private var sum: UInt8 = 0
  private var expectedSum: UInt8 = 0
  /// The last byte as it stood on the wire: what a run length repeats. Nil at the start of a payload.
  private var lastRaw: UInt8?
  private var isMalformed = false
  private var isChecksumReadable = true

  public init(_ direction: PacketDirection) { self.direction = direction }

  /// True between `$` and the last digit of the checksum.
  public var isInsidePacket: Bool { state != .idle }

  /// Takes one byte.
  public mutating func feed(_ byte: UInt8, into buffer: inout MutableSpan<UInt8>) -> PacketEvent {
    switch state {
    case .idle: return idle(byte)
    case .payload: return payload(byte, &buffer)
    case .escape: return escape(byte, &buffer)
    case .runLength: return runLength(byte, &buffer)
    case .checksumHigh:
      takeChecksumDigit(byte)
      state = .checksumLow
      return .none
    case .checksumLow:
      takeChecksumDigit(byte)
      return finish(capacity: buffer.count)
    }
  }

  /// Takes bytes from `position` on, until one gives an event or all are taken; `position` moves past them.
  public mutating func feed(
    _ bytes: Span<UInt8>, from position: inout Int, into buffer: inout MutableSpan<UInt8>
  ) -> PacketEvent {
    while let byte = bytes.byte(at: position) {
      position &+= 1
      let event = feed(byte, into: &buffer)
      if event != .none { return event }
    }
    return .none
  }

  private mutating func idle(_ byte: UInt8) -> PacketEvent {
    switch byte {
    case UInt8(ascii: "$"): return begin(notification: false)
    case UInt8(ascii: "%"): return begin(notification: true)
    case UInt8(ascii: "+"): return .acknowledged
    case UInt8(ascii: "-"): return .notAcknowledged
    case 0x03: return .interrupt
    default: return .none
    }
  }

  private mutating func begin(notification: Bool) -> PacketEvent {
    self = PacketDecoder(direction)
    isNotification = notification
    state = .payload
    return .began
  }

  private mutating func payload(_ byte: UInt8, _ buffer: inout MutableSpan<UInt8>) -> PacketEvent {
    switch byte {
    case UInt8(ascii: "#"):
      state = .checksumHigh
      return .none
    case UInt8(ascii: "$"):
      return begin(notification: false)
    case UInt8(ascii: "}"):
      sum &+= byte
      state = .escape
      return .none
    case UInt8(ascii: "*") where direction == .replies:
      sum &+= byte
      state = .runLength
      return .none
    default:
      sum &+= byte
      lastRaw = byte
      append(byte, &buffer)
      return .none
    }
  }

  private mutating func escape(_ byte: UInt8, _ buffer: inout MutableSpan<UInt8>) -> PacketEvent {
    guard byte != UInt8(ascii: "#"), byte != UInt8(ascii: "$") else { return breakOff(byte, &buffer) }
    sum &+= byte
    lastRaw = byte
    append(byte ^ 0x20, &buffer)
    state = .payload
    return .none
  }

  private mutating func runLength(_ byte: UInt8, _ buffer: inout MutableSpan<UInt8>) -> PacketEvent {
    guard byte != UInt8(ascii: "#"), byte != UInt8(ascii: "$") else { return breakOff(byte, &buffer) }
    sum &+= byte
    state = .payload
    guard let repeated = lastRaw, byte >= Self.smallestRunLength else {
      isMalformed = true
      return .none
    }
    var remaining = byte &- Self.runLengthBias
    while remaining > 0 {
      append(repeated, &buffer)
      remaining &-= 1
    }
    return .none
  }

  /// `#` and `$` never stand where an escaped byte or a count belongs: a byte was lost there.
  private mutating func breakOff(_ byte: UInt8, _ buffer: inout MutableSpan<UInt8>) -> PacketEvent {
    isMalformed = true
    state = .payload
    return payload(byte, &buffer)
  }

  private mutating func append(_ byte: UInt8, _ buffer: inout MutableSpan<UInt8>) {
    if count >= 0, count < buffer.count { buffer[count] = byte }
    count = count == .max ? count : count &+ 1
  }

  private mutating func takeChecksumDigit(_ byte: UInt8) {
    guard let digit = Hexadecimal.value(of: byte) else {
      isChecksumReadable = false
      return
    }
    expectedSum = expectedSum << 4 | digit
  }

  private mutating func finish(capacity: Int) -> PacketEvent {
    state = .idle
    let rejection: PacketRejection? =
      !isChecksumReadable || expectedSum != sum
      ? .checksum : isMalformed ? .malformed : count > capacity ? .oversized(byteCount: count) : nil
    if isNotification { return rejection == nil ? .notification(byteCount: count) : .none }
    if let rejection { return .rejected(rejection) }
    return .packet(byteCount: count)
  }

  /// A count is sent as itself plus 29, so that the smallest useful one, 3, is a printable space.
  static let runLengthBias: UInt8 = 29
  static let smallestRunLength: UInt8 = 32
}
