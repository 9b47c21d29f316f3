import RemoteProtocol

/// What has arrived from a stub and was not yet taken, and the packet under way.
struct PacketStream {
  /// The largest reply that is taken: above QEMU's own limit of 131,104 bytes.
  static let largestPacket = 1 << 18

  private var decoder = PacketDecoder(.replies)
  private var payload = [UInt8](repeating: 0, count: largestPacket)
  private var input = [UInt8](repeating: 0, count: 1 << 16)
  private var position = 0
  private var end = 0

  /// The next event, `.none` when all that has arrived is taken.
  mutating func next() -> PacketEvent {
    Self.next(&decoder, input, &position, end, &payload)
  }

  private static func next(
    _ decoder: inout PacketDecoder, _ input: [UInt8], _ position: inout Int, _ end: Int,
    _ payload: inout [UInt8]
  ) -> PacketEvent {
    var span = payload.mutableSpan
    while position < end {
      let event = decoder.feed(input.span.extracting(..<end), from: &position, into: &span)
      if event != .none { return event }
    }
    return .none
  }

  /// The payload of the packet that was just complete.
  func packet(_ byteCount: Int) -> [UInt8] { Array(payload[..<min(byteCount, payload.count)]) }

  /// Takes what has arrived; only when `next` gave `.none`.
  mutating func fill(from connection: Descriptor) -> Descriptor.Transfer {
    let transfer = connection.read(into: &input)
    position = 0
    end = if case .bytes(let count) = transfer { count } else { 0 }
    return transfer
  }
}

/// Encoded bytes on their way out.
struct PacketQueue: ByteSink {
  private(set) var bytes: [UInt8] = []

  mutating func write(_ byte: UInt8) { bytes.append(byte) }

  /// One framed packet.
  mutating func frame(_ payload: [UInt8]) {
    var encoder = PacketEncoder()
    encoder.begin(to: &self)
    encoder.bytes(payload.span, to: &self)
    encoder.end(to: &self)
  }

  mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

  static func framed(_ payload: [UInt8]) -> [UInt8] {
    var queue = PacketQueue()
    queue.frame(payload)
    return queue.bytes
  }
}
