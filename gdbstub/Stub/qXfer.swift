import RemoteProtocol
import X86

extension Engine where Channel: ~Copyable, Target: ~Copyable {
  /// `qXfer:OBJECT:read:ANNEX:OFFSET,LENGTH`: a piece of a document.
  mutating func transfer(_ packet: Span<UInt8>, _ start: PacketCursor) -> HandlerStatus {
    var cursor = start
    guard cursor.take(UInt8(ascii: ":"), in: packet) else { return .malformed }
    if cursor.take("features", in: packet) {
      guard let window = readWindow(packet, &cursor, annex: "target.xml") else { return .malformed }
      link.reply.beginDocument(start: window.address, byteCount: window.count)
      writeTargetDescription()
    } else if cursor.take("threads", in: packet) {
      guard let window = readWindow(packet, &cursor, annex: "") else { return .malformed }
      link.reply.beginDocument(start: window.address, byteCount: window.count)
      writeThreads()
    } else if Self.offers(.memoryMap), cursor.take("memory-map", in: packet) {
      guard let window = readWindow(packet, &cursor, annex: "") else { return .malformed }
      link.reply.beginDocument(start: window.address, byteCount: window.count)
      writeMemoryMap()
    } else {
      return .unknown
    }
    return .replied
  }

  private func readWindow(
    _ packet: Span<UInt8>, _ cursor: inout PacketCursor, annex: StaticString
  ) -> (address: UInt64, count: UInt64)? {
    guard cursor.take(":read:", then: annex, in: packet), cursor.take(UInt8(ascii: ":"), in: packet),
      let window = cursor.addressAndCount(in: packet), cursor.isAtEnd(of: packet)
    else { return nil }
    return window
  }

  private mutating func writeThreads() {
    link.reply.markup("<?xml version=\"1.0\"?>\n<threads>\n")
    var listed: TargetThread?
    while let thread = target.thread(after: listed), thread.number > listed?.number ?? 0 {
      link.reply.markup("<thread id=\"")
      link.reply.markup(digits: thread.number)
      if let processor = target.processor(of: thread) {
        link.reply.markup("\" core=\"")
        link.reply.markup(decimal: processor)
      }
      link.reply.markup("\" name=\"")
      link.reply.form = .documentText
      target.writeName(of: thread, to: &link.reply)
      link.reply.markup("\">")
      link.reply.form = .documentText
      target.writeDetails(of: thread, to: &link.reply)
      link.reply.markup("</thread>\n")
      listed = thread
      // The rest of a document that was cut need not be written.
      if link.reply.window.hasMore { return }
    }
    link.reply.markup("</threads>\n")
  }

  private mutating func writeMemoryMap() {
    link.reply.markup("<?xml version=\"1.0\"?>\n<memory-map>\n")
    var position = 0
    while position < StubLimits.memoryMapEntries, let entry = target.memoryMapEntry(position) {
      link.reply.markup("<memory type=\"")
      link.reply.markup(entry.kind == .readWrite ? "ram" : "rom")
      link.reply.markup("\" start=\"")
      link.reply.markup(hexadecimal: entry.start)
      link.reply.markup("\" length=\"")
      link.reply.markup(hexadecimal: entry.byteCount)
      link.reply.markup("\"/>\n")
      position &+= 1
    }
    link.reply.markup("</memory-map>\n")
  }
}

extension PacketCursor {
  /// True, and past both, when these words stand here.
  mutating func take(_ first: StaticString, then second: StaticString, in packet: Span<UInt8>) -> Bool {
    let start = position
    if takeLiteral(first, in: packet), takeLiteral(second, in: packet) { return true }
    position = start
    return false
  }

  private mutating func takeLiteral(_ text: StaticString, in packet: Span<UInt8>) -> Bool {
    var letters = Letters(text)
    while let letter = letters.next() {
      guard take(letter, in: packet) else { return false }
    }
    return true
  }
}
