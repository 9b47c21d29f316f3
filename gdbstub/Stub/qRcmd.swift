import RemoteProtocol

extension Engine where Channel: ~Copyable, Target: ~Copyable {
  /// `qRcmd,COMMAND`: the command in hexadecimal; its output goes out in `O` packets while it runs.
  mutating func monitor(_ packet: Span<UInt8>, _ start: PacketCursor) -> HandlerStatus {
    guard Self.offers(.monitor) else { return .unknown }
    var cursor = start
    guard cursor.take(UInt8(ascii: ","), in: packet) else { return .malformed }
    var count = 0
    while count < Self.scratchCapacity, let byte = cursor.hexadecimalByte(in: packet) {
      scratch[count] = byte
      count &+= 1
    }
    guard cursor.isAtEnd(of: packet) else { return cursor.isTooLong(packet) ? .tooLong : .malformed }
    let context = MonitorContext(thread: thread, statistics: link.statistics)
    link.beginConsole()
    do {
      try target.monitor(scratch.span.extracting(first: count), context, to: &link)
      link.endConsole()
      return .done
    } catch {
      error.write(to: &link)
      link.write(UInt8(ascii: "\n"))
      link.endConsole()
      return .refused(error)
    }
  }
}

extension PacketCursor {
  /// More digits follow, for which there was no room.
  fileprivate func isTooLong(_ packet: Span<UInt8>) -> Bool {
    var rest = self
    return rest.hexadecimalByte(in: packet) != nil
  }
}
