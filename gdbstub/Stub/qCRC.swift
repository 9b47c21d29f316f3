import RemoteProtocol

extension Engine where Channel: ~Copyable, Target: ~Copyable {
  /// `qCRC:ADDRESS,LENGTH`: the checksum by which gdb's `compare-sections` compares. GDB manual, E.4.
  mutating func checksum(_ packet: Span<UInt8>, _ start: PacketCursor) -> HandlerStatus {
    var cursor = start
    guard cursor.take(UInt8(ascii: ":"), in: packet),
      let (address, count) = cursor.addressAndCount(in: packet), cursor.isAtEnd(of: packet)
    else { return .malformed }
    guard count <= StubLimits.longRead else { return .tooLong }
    var crc = CyclicRedundancyCheck()
    var done: UInt64 = 0
    while done < count {
      guard !link.takeInterrupt() else { return .interrupted }
      let piece = Int(truncatingIfNeeded: min(count &- done, 1024))
      let transfer = fillScratch(piece, from: address &+ done)
      if let refusal = transfer.refusal { return .refused(refusal) }
      crc.update(scratch.span.extracting(first: piece))
      done &+= UInt64(truncatingIfNeeded: piece)
    }
    link.reply.begin()
    link.reply.raw(UInt8(ascii: "C"))
    link.reply.hexadecimal(number: UInt64(crc.value))
    return .replied
  }
}

/// CRC-32 with the polynomial 0x04c11db7, most significant bit first, from all ones, without a final inversion.
struct CyclicRedundancyCheck {
  private(set) var value: UInt32 = 0xffff_ffff

  mutating func update(_ bytes: Span<UInt8>) {
    var position = 0
    while let byte = bytes.byte(at: position) {
      value ^= UInt32(byte) << 24
      var bits = 8
      while bits > 0 {
        value = value & 0x8000_0000 != 0 ? value << 1 ^ 0x04c1_1db7 : value << 1
        bits &-= 1
      }
      position &+= 1
    }
  }
}

extension HandlerStatus {
  static var tooLong: HandlerStatus { .refused(Refusal(Refusal.invalid, "too long")) }
  static var interrupted: HandlerStatus { .refused(Refusal(Refusal.interrupted, "interrupted")) }
}
