import RemoteProtocol

// D k R vKill !: how a session ends.
extension Engine where Channel: ~Copyable, Target: ~Copyable {
  /// `D` and `D;PROCESS`
  mutating func detach(_ packet: Span<UInt8>, _ start: PacketCursor) -> HandlerStatus {
    var cursor = start
    guard cursor.isAtEnd(of: packet) || cursor.take(UInt8(ascii: ";"), in: packet) else { return .malformed }
    return .ended(.detached)
  }

  /// `k`, which has no reply. Where the machine cannot be ended, it goes on as after `D`.
  mutating func kill(_ packet: Span<UInt8>, _ cursor: PacketCursor) -> HandlerStatus {
    guard cursor.isAtEnd(of: packet) else { return .malformed }
    return .endedSilently(Self.offers(.kill) ? .killed : .detached)
  }

  /// `vKill;PROCESS`
  mutating func killProcess() -> HandlerStatus { Self.offers(.kill) ? .ended(.killed) : .unknown }

  /// `R XX`, which has no reply.
  mutating func restart(_ packet: Span<UInt8>, _ start: PacketCursor) -> HandlerStatus {
    var cursor = start
    guard Self.offers(.reset) else { return .unknown }
    guard
      cursor.isAtEnd(of: packet) || cursor.hexadecimalByte(in: packet) != nil && cursor.isAtEnd(of: packet)
    else { return .malformed }
    return .endedSilently(.reset)
  }

  /// `!`: the client may send `R`.
  mutating func extend(_ packet: Span<UInt8>, _ cursor: PacketCursor) -> HandlerStatus {
    Self.offers(.reset) && cursor.isAtEnd(of: packet) ? .done : .unknown
  }
}
