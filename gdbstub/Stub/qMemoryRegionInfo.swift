import RemoteProtocol
import X86

extension Engine where Channel: ~Copyable, Target: ~Copyable {
  /// `qMemoryRegionInfo:ADDRESS`, for lldb.
  mutating func tellRegion(_ packet: Span<UInt8>, _ start: PacketCursor) -> HandlerStatus {
    guard Self.offers(.regions) else { return .unknown }
    var cursor = start
    guard cursor.take(UInt8(ascii: ":"), in: packet), let address = cursor.hexadecimalNumber(in: packet),
      cursor.isAtEnd(of: packet)
    else { return .malformed }
    guard let region = target.region(containing: address, of: thread), region.start <= address,
      address <= region.last
    else { return .refused(Refusal(Refusal.badAddress, "nothing is known of", at: address)) }
    link.reply.begin()
    link.reply.text("start:")
    link.reply.hexadecimal(number: region.start)
    link.reply.text(";size:")
    let span = region.last &- region.start
    // All of 2^64 bytes cannot be said.
    link.reply.hexadecimal(number: span == .max ? span : span &+ 1)
    link.reply.raw(UInt8(ascii: ";"))
    if let rights = region.rights { append(rights) }
    if let name = region.name {
      link.reply.text("name:")
      link.reply.hexadecimal(text: name)
      link.reply.raw(UInt8(ascii: ";"))
    }
    return .replied
  }

  /// Without rights nothing is mapped.
  private mutating func append(_ rights: MemoryRegion.Rights) {
    link.reply.text("permissions:")
    if rights.isReadable { link.reply.raw(UInt8(ascii: "r")) }
    if rights.isWritable { link.reply.raw(UInt8(ascii: "w")) }
    if rights.isExecutable { link.reply.raw(UInt8(ascii: "x")) }
    link.reply.raw(UInt8(ascii: ";"))
  }
}
