import RemoteProtocol

/// An array that bytes are appended to.
struct Wire: ByteSink {
  var bytes: [UInt8] = []
  mutating func write(_ byte: UInt8) { bytes.append(byte) }
  var text: String { String(decoding: bytes, as: UTF8.self) }

  /// A frame whose checksum is computed here, independently of the encoder, over the raw payload given.
  static func frame(raw payload: String, start: String = "$") -> [UInt8] {
    let sum = payload.utf8.reduce(0) { ($0 + Int($1)) % 256 }
    let digits = Array("0123456789abcdef".utf8)
    return Array(start.utf8) + Array(payload.utf8) + [UInt8(ascii: "#"), digits[sum / 16], digits[sum % 16]]
  }
}

/// What a decoder made of a stream.
enum Received: Equatable {
  case began
  case packet(String)
  case notification(String)
  case rejected(PacketRejection)
  case acknowledged
  case notAcknowledged
  case interrupt
}

/// Feeds `bytes` one by one into a buffer of `capacity` bytes.
func decode(
  _ bytes: [UInt8], _ direction: PacketDirection = .replies, capacity: Int = 256
) -> [Received] {
  var decoder = PacketDecoder(direction)
  var buffer = [UInt8](repeating: 0xee, count: capacity)
  var received: [Received] = []
  for byte in bytes {
    var span = buffer.mutableSpan
    let event = decoder.feed(byte, into: &span)
    func text(_ count: Int) -> String { String(decoding: buffer[..<count], as: UTF8.self) }
    switch event {
    case .none: break
    case .began: received.append(.began)
    case .packet(let count): received.append(.packet(text(count)))
    case .notification(let count): received.append(.notification(text(count)))
    case .rejected(let rejection): received.append(.rejected(rejection))
    case .acknowledged: received.append(.acknowledged)
    case .notAcknowledged: received.append(.notAcknowledged)
    case .interrupt: received.append(.interrupt)
    }
  }
  return received
}

func decode(_ text: String, _ direction: PacketDirection = .replies, capacity: Int = 256) -> [Received] {
  decode(Array(text.utf8), direction, capacity: capacity)
}
