import RemoteProtocol

/// What came while no client is attached, as long as it may be the beginning of a client's first packet. Turns out to
/// be one, or to be typed: then it is given back byte by byte.
struct HeldBytes: Sendable {
  private static var capacity: Int { 256 }

  private var bytes = InlineArray<256, UInt8>(repeating: 0)
  private var count = 0
  /// The next one to give back; nil while nothing is decided.
  private var position: Int?

  var isEmpty: Bool { count == 0 }

  /// What does not fit belongs to a packet, for no line that is typed is that long.
  mutating func append(_ byte: UInt8) {
    guard count >= 0, count < Self.capacity else { return }
    bytes[count] = byte
    count &+= 1
  }

  mutating func forget() {
    count = 0
    position = nil
  }

  /// It was typed.
  mutating func release() { position = position ?? 0 }

  /// The next byte that was typed.
  mutating func next() -> UInt8? {
    guard let here = position else { return nil }
    guard here >= 0, here < count, here < Self.capacity else {
      forget()
      return nil
    }
    position = here &+ 1
    return bytes[here]
  }

  /// True when the last two are what a client writes behind `#`, or when nobody can tell.
  mutating func endsInChecksum() -> Bool {
    guard count >= 2, count < Self.capacity else { return true }
    let (high, low) = (bytes[count &- 2], bytes[count &- 1])
    return Hexadecimal.value(of: high) != nil && Hexadecimal.value(of: low) != nil
  }
}
