import RemoteProtocol

/// Console output: words that reach the client as `O` packets, while a command of the monitor or the machine runs.
extension Link: ByteSink where Channel: ~Copyable {
  /// From now on ``write(_:)`` collects a packet.
  mutating func beginConsole() { reply.forget() }

  mutating func write(_ byte: UInt8) {
    if reply.isEmpty {
      reply.begin()
      reply.raw(UInt8(ascii: "O"))
    }
    reply.hexadecimal(byte: byte)
    // Whole lines, where they are of a sensible length.
    if byte == UInt8(ascii: "\n") && reply.payloadCount >= 512 || reply.room < 2 { endConsole() }
  }

  /// Sends what was collected.
  mutating func endConsole() {
    guard !reply.isEmpty else { return }
    sendReply()
    awaitConsoleAcknowledgement()
    reply.forget()
  }

  /// Output has no other way back when a packet of it is lost. Whoever does not answer in time acknowledges later,
  /// or not at all, and is not waited for again.
  private mutating func awaitConsoleAcknowledgement() {
    guard acknowledges, !acknowledgesLate else { return }
    var start = channel.microseconds()
    var patience = ClientSession.patience
    while channel.microseconds() &- start < LinkTime.consoleAcknowledgement {
      guard let byte = channel.receive() else {
        channel.pause()
        continue
      }
      statistics.bytesReceived &+= 1
      switch byte {
      case UInt8(ascii: "+"):
        isReplyAcknowledged = true
        return
      case UInt8(ascii: "-"):
        guard patience > 0 else { return }
        patience &-= 1
        repeatReply()
        start = channel.microseconds()
      default:
        keepWaiting(byte)
      }
    }
    acknowledgesLate = true
  }
}
