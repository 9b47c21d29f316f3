import RemoteProtocol

// qqemu.PhyMemMode Qqemu.PhyMemMode: physical addresses, as QEMU's gdbserver has it. Here the mode ends with the session.
extension Engine where Channel: ~Copyable, Target: ~Copyable {
  mutating func tellAddressMode() -> HandlerStatus {
    guard Self.offers(.physicalMemory) else { return .unknown }
    link.reply.begin()
    link.reply.raw(UInt8(ascii: session.addressMode == .physical ? "1" : "0"))
    return .replied
  }

  /// `Qqemu.PhyMemMode:0` or `:1`
  mutating func setAddressMode(_ packet: Span<UInt8>, _ start: PacketCursor) -> HandlerStatus {
    guard Self.offers(.physicalMemory) else { return .unknown }
    var cursor = start
    guard cursor.take(UInt8(ascii: ":"), in: packet), let mode = cursor.hexadecimalNumber(in: packet),
      cursor.isAtEnd(of: packet), mode <= 1
    else { return .malformed }
    session.addressMode = mode == 1 ? .physical : .linear
    return .done
  }
}
