/// The `key:value;` pairs of a `T` packet, expedited registers (whose key is a number) included.
public struct StopReplyPairs: Sendable {
  /// Places in the packet: the key before the colon, the value between colon and end.
  public struct Pair: Equatable, Sendable {
    public let start: Int
    public let colon: Int
    public let end: Int

    public var key: PacketCursor { PacketCursor(position: start) }
    public var value: PacketCursor { PacketCursor(position: colon &+ 1) }
  }

  private var cursor: PacketCursor

  /// Starts behind the letter and the signal.
  public init() { self.init(position: 3) }

  init(position: Int) { cursor = PacketCursor(position: position) }

  /// The next pair; what has no colon is skipped. Nil at the end.
  public mutating func next(in packet: Span<UInt8>) -> Pair? {
    while !cursor.isAtEnd(of: packet) {
      let start = cursor.position
      let colon = cursor.next(UInt8(ascii: ":"), in: packet)
      let end = cursor.next(UInt8(ascii: ";"), in: packet) ?? packet.count
      cursor.position = end &+ 1
      if let colon, start < colon, colon < end { return Pair(start: start, colon: colon, end: end) }
    }
    return nil
  }
}
