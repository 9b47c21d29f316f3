public import RemoteProtocol

/// Frames, as a client writes them.
public enum ClientFrame {
  /// `payload` between `$` and its checksum, escaped where it must be in a request.
  public static func packet(_ payload: [UInt8]) -> [UInt8] {
    var sink = Bytes()
    var encoder = PacketEncoder()
    encoder.begin(to: &sink)
    encoder.bytes(payload.span, to: &sink)
    encoder.end(to: &sink)
    return sink.bytes
  }

  public static func packet(_ payload: String) -> [UInt8] { packet(Array(payload.utf8)) }
}

/// A byte sink in memory.
public struct Bytes: ByteSink {
  public var bytes: [UInt8] = []
  public init() {}
  public mutating func write(_ byte: UInt8) { bytes.append(byte) }
}

/// What a client found in the bytes of a stub.
public enum StubAnswer: Equatable, Sendable {
  case acknowledged
  case notAcknowledged
  case packet([UInt8])
  /// A frame that no client could read.
  case damaged

  /// The payload as text, where it is a packet.
  public var text: String? {
    if case .packet(let bytes) = self { String(decoding: bytes, as: UTF8.self) } else { nil }
  }
}

/// Takes a stub's bytes apart.
public struct AnswerReader {
  private var decoder = PacketDecoder(.replies)
  private var buffer = [UInt8](repeating: 0, count: 1 << 16)

  public init() {}

  public mutating func read(_ bytes: [UInt8]) -> [StubAnswer] {
    var answers: [StubAnswer] = []
    for byte in bytes {
      switch feed(byte) {
      case .packet(let count): answers.append(.packet(Array(buffer.prefix(count))))
      case .acknowledged: answers.append(.acknowledged)
      case .notAcknowledged: answers.append(.notAcknowledged)
      case .rejected: answers.append(.damaged)
      case .none, .began, .notification, .interrupt: break
      }
    }
    return answers
  }

  private mutating func feed(_ byte: UInt8) -> PacketEvent {
    var decoder = decoder
    defer { self.decoder = decoder }
    var span = buffer.mutableSpan
    return decoder.feed(byte, into: &span)
  }
}
