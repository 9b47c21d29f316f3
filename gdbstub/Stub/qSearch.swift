import RemoteProtocol

extension Engine where Channel: ~Copyable, Target: ~Copyable {
  /// `qSearch:memory:ADDRESS;LENGTH;PATTERN`: the first place of the pattern, which is binary.
  mutating func search(_ packet: Span<UInt8>, _ start: PacketCursor) -> HandlerStatus {
    var cursor = start
    guard cursor.take(":memory", then: ":", in: packet), let address = cursor.hexadecimalNumber(in: packet),
      cursor.take(UInt8(ascii: ";"), in: packet), let count = cursor.hexadecimalNumber(in: packet),
      cursor.take(UInt8(ascii: ";"), in: packet), !cursor.isAtEnd(of: packet)
    else { return .malformed }
    let pattern = packet.extracting(droppingFirst: max(cursor.position, 0))
    guard count <= StubLimits.longRead, pattern.count <= StubLimits.searchPattern else { return .tooLong }
    return search(for: pattern, address, count)
  }

  private mutating func search(
    for pattern: Span<UInt8>, _ address: UInt64, _ count: UInt64
  ) -> HandlerStatus {
    let length = UInt64(truncatingIfNeeded: pattern.count)
    var done: UInt64 = 0
    while count &- done >= length {
      guard !link.takeInterrupt() else { return .interrupted }
      let piece = Int(truncatingIfNeeded: min(count &- done, 1024))
      let transfer = fillScratch(piece, from: address &+ done)
      let arrived = min(max(transfer.byteCount, 0), piece)
      if let place = scratch.span.extracting(first: arrived).place(of: pattern) {
        link.reply.begin()
        link.reply.text("1,")
        link.reply.hexadecimal(number: address &+ done &+ UInt64(truncatingIfNeeded: place))
        return .replied
      }
      if let refusal = transfer.refusal { return .refused(refusal) }
      // The pattern may begin in this piece and end in the next one.
      done &+= UInt64(truncatingIfNeeded: arrived) &- length &+ 1
    }
    link.reply.begin()
    link.reply.raw(UInt8(ascii: "0"))
    return .replied
  }
}

extension Span where Element == UInt8 {
  /// Where `pattern` begins first.
  func place(of pattern: Span<UInt8>) -> Int? {
    var start = 0
    while start &+ pattern.count <= count {
      var matched = 0
      while let wanted = pattern.byte(at: matched), byte(at: start &+ matched) == wanted { matched &+= 1 }
      if matched == pattern.count { return start }
      start &+= 1
    }
    return nil
  }
}
