import RemoteProtocol
import X86

// How sessions begin and end: see ``ClientSession``.
extension Engine where Channel: ~Copyable, Target: ~Copyable {
  /// True for a request that was answered already, when the client has not acknowledged the answer: it never got it, or
  /// the stub's own `+` was lost. Carried out again, a step would be two.
  func isRepetition(_ fingerprint: UInt64) -> Bool {
    link.acknowledges && session.phase != .none && !link.isReplyAcknowledged && !link.reply.isEmpty
      && session.lastRequest == fingerprint
  }

  /// True when only a new client sends `packet` now.
  func beginsSession(_ packet: Span<UInt8>) -> Bool {
    switch session.phase {
    case .none: return true
    case .opening: return !link.acknowledges && PacketOpening(packet) == .startNoAckMode
    case .open: break
    }
    switch PacketOpening(packet) {
    case .supported: return true
    case .startNoAckMode: return !link.acknowledges
    case .askStop, .extend: return session.sawGreeting
    case .other: return false
    }
  }

  /// Takes note of a request that is about to be answered.
  mutating func note(_ packet: Span<UInt8>, _ fingerprint: UInt64) {
    link.statistics.packetsReceived &+= 1
    session.lastRequest = fingerprint
    session.rejections = 0
    session.sawGreeting = false
    session.isStopUnacknowledged = false
    switch PacketOpening(packet) {
    case .supported, .startNoAckMode: break
    case .askStop, .extend, .other: session.phase = .open
    }
  }
}

/// The packets with which clients begin.
enum PacketOpening: UInt8 {
  case supported
  case startNoAckMode
  case askStop
  case extend
  case other

  init(_ packet: Span<UInt8>) {
    var cursor = PacketCursor()
    if cursor.take("qSupported", in: packet) {
      self = .supported
    } else if cursor.take("QStartNoAckMode", in: packet) {
      self = .startNoAckMode
    } else if cursor.take(UInt8(ascii: "?"), in: packet) {
      self = .askStop
    } else if cursor.take(UInt8(ascii: "!"), in: packet) {
      self = .extend
    } else {
      self = .other
    }
  }
}
