import RemoteProtocol

// x X: memory as it is.
extension Engine where Channel: ~Copyable, Target: ~Copyable {
  /// `x ADDRESS,LENGTH`. Nothing at address 0 is lldb's question for its own dialect.
  mutating func readBinary(_ packet: Span<UInt8>, _ start: PacketCursor) -> HandlerStatus {
    guard Channel.encoding == .compact else { return .unknown }
    var cursor = start
    guard let (address, count) = cursor.addressAndCount(in: packet), cursor.isAtEnd(of: packet) else {
      return .malformed
    }
    if address == 0, count == 0 {
      session.binaryReadStyle = .plain
      return .done
    }
    return sendMemory(address, count, .binary)
  }

  /// `X ADDRESS,LENGTH:DATA`; the escapes are gone already. Nothing to write is gdb's question for the packet.
  mutating func writeBinary(_ packet: Span<UInt8>, _ start: PacketCursor) -> HandlerStatus {
    var cursor = start
    guard let (address, count) = cursor.addressAndCount(in: packet),
      cursor.take(UInt8(ascii: ":"), in: packet),
      count == UInt64(truncatingIfNeeded: packet.count &- cursor.position)
    else { return .malformed }
    return writeBytes(packet.extracting(droppingFirst: max(cursor.position, 0)), to: address)
  }
}
