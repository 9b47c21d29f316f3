/// What may happen to bytes between a stub and kdbg.
enum Line: Equatable {
  /// A socket: every byte arrives as it was sent.
  case reliable
  /// A serial line: bytes may be lost, damaged, doubled and late. Everything is acknowledged, packets are short, and
  /// whatever brings no answer within `patience` is sent again, until the time for the whole request is over.
  case lossy(patience: Duration)

  var patience: Duration {
    switch self {
    case .reliable: .seconds(1)
    case .lossy(let patience): patience
    }
  }

  /// So often in a row a packet is sent again because the other side asks.
  var attempts: Int {
    switch self {
    case .reliable: 3
    // The time is what ends it.
    case .lossy: 1_000_000
    }
  }

  /// The largest payload to send, and to ask for: where bytes are lost, a long packet hardly ever comes through.
  var largestPacket: Int {
    switch self {
    case .reliable: PacketStream.largestPacket / 2
    case .lossy: 256
    }
  }
}

extension Endpoint {
  var line: Line {
    switch self {
    case .tcp, .unix: .reliable
    case .serial: .lossy(patience: .milliseconds(500))
    }
  }
}
