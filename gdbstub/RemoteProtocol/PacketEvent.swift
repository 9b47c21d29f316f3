/// What one received byte came to.
public enum PacketEvent: Equatable, Sendable {
  /// The byte belongs to something unfinished, or to nothing: bytes between packets are ignored.
  case none
  /// A packet begins. One that was under way is dropped, because its end was lost.
  case began
  /// A packet is complete and its checksum is right; its payload is the first `byteCount` bytes of the buffer.
  case packet(byteCount: Int)
  /// The same for a notification (`%`), which is never acknowledged.
  case notification(byteCount: Int)
  /// A packet is complete and cannot be used: to be answered with `-`, or refused.
  case rejected(PacketRejection)
  /// `+`
  case acknowledged
  /// `-`: the peer wants the last packet again.
  case notAcknowledged
  /// 0x03 outside of packets: the client wants the target to stop.
  case interrupt
}

/// Why a packet cannot be used.
public enum PacketRejection: Equatable, Sendable {
  case checksum
  /// A run length without a byte to repeat, a count below the smallest, or an escape without its byte.
  case malformed
  /// The payload did not fit into the buffer. It was read to its end, so the next packet is found;
  /// `byteCount` is the size it would have needed.
  case oversized(byteCount: Int)
}

/// What a decoder reads. GDB manual, E.1: only a stub's replies are run-length encoded; in a request `*` is
/// a byte like any other.
public enum PacketDirection: Equatable, Sendable {
  case requests
  case replies
}
