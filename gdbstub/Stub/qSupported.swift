import RemoteProtocol
import X86

extension Engine where Channel: ~Copyable, Target: ~Copyable {
  /// `qSupported[:FEATURE;...]`: takes note of what the client can do, says what the target offers, and nothing more.
  mutating func tellSupported(_ packet: Span<UInt8>, _ start: PacketCursor) -> HandlerStatus {
    takeFeatures(packet, start)
    link.reply.begin()
    link.reply.text("PacketSize=")
    link.reply.hexadecimal(number: UInt64(StubLimits.packet))
    link.reply.text(";QStartNoAckMode+;qXfer:features:read+;qXfer:threads:read+")
    if Self.offers(.memoryMap) { link.reply.text(";qXfer:memory-map:read+") }
    link.reply.text(";vContSupported+")
    if Channel.encoding == .compact { link.reply.text(";binary-upload+") }
    if Self.offers(.breakpointCauses) {
      if session.takesSoftwareCause, Self.offers(.softwareBreakpoints) { link.reply.text(";swbreak+") }
      if session.takesHardwareCause, Self.offers(.hardwareBreakpoints) { link.reply.text(";hwbreak+") }
      if Self.offers(.softwareBreakpoints) || Self.offers(.hardwareBreakpoints) {
        link.reply.text(";ConditionalBreakpoints+;BreakpointCommands+")
      }
    }
    return .replied
  }

  private mutating func takeFeatures(_ packet: Span<UInt8>, _ start: PacketCursor) {
    var cursor = start
    guard cursor.take(UInt8(ascii: ":"), in: packet) else { return }
    while !cursor.isAtEnd(of: packet) {
      if cursor.take("swbreak", in: packet) {
        session.takesSoftwareCause = cursor.take(UInt8(ascii: "+"), in: packet)
      } else if cursor.take("hwbreak", in: packet) {
        session.takesHardwareCause = cursor.take(UInt8(ascii: "+"), in: packet)
      } else if cursor.take("error-message", in: packet), cursor.take(UInt8(ascii: "+"), in: packet) {
        session.errorStyle = .messages
      }
      guard let end = cursor.next(UInt8(ascii: ";"), in: packet) else { return }
      cursor.position = end &+ 1
    }
  }
}
