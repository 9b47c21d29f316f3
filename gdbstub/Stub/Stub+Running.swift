import RemoteProtocol
import X86

/// What a look at the line came to while the machine runs.
public enum RunningEvent: Equatable, Sendable {
  /// Nothing more is there.
  case nothing
  /// The client wants the machine to stand, or a client is there that wants something else: enter the stub, with the
  /// signal `interrupt`.
  case stop
  /// A byte that is not the protocol's, while no client is attached: typed by someone, where the line is a console too.
  case typed(UInt8)
}

/// Whether console output reached the client.
public enum ConsoleRoute: Equatable, Sendable {
  case sent
  /// Nobody waits for it: where the line is a console too, write it as it is.
  case notAttached
}

extension Stub where Channel: ~Copyable, Target: ~Copyable {
  /// Looks at the line while the machine runs; never waits for it. To be called until it gives `nothing`.
  public mutating func pollWhileRunning() -> RunningEvent {
    if engine.link.takeInterrupt() { return .stop }
    while let byte = engine.link.receive() {
      let wasInside = decoder.isInsidePacket
      if let event = runningEvent(feed(byte), byte, wasInside: wasInside) { return event }
    }
    checkTime()
    return .nothing
  }

  /// Writes to the client's console, while it waits for the machine to stop.
  public mutating func writeConsole(_ text: Span<UInt8>) -> ConsoleRoute {
    guard engine.session.awaitsStop else { return .notAttached }
    engine.link.beginConsole()
    var position = 0
    while let byte = text.byte(at: position) {
      engine.link.write(byte)
      position &+= 1
    }
    engine.link.endConsole()
    return .sent
  }

  /// Nil: there may be more.
  private mutating func runningEvent(
    _ event: PacketEvent, _ byte: UInt8, wasInside: Bool
  ) -> RunningEvent? {
    switch event {
    case .interrupt: return .stop
    case .packet(let count): return hear(count)
    case .rejected(let rejection):
      if engine.link.acknowledges, rejection == .checksum { engine.link.send(UInt8(ascii: "-")) }
      return nil
    case .acknowledged where isExpected: acknowledge()
    case .notAcknowledged where isAttached: repeatReply()
    case .none, .acknowledged, .notAcknowledged:
      return isAttached || wasInside || decoder.isInsidePacket ? nil : .typed(byte)
    case .began, .notification: break
    }
    return nil
  }

  private var isExpected: Bool { isAttached || engine.session.expectsLastAcknowledgement }

  /// A packet while the machine runs: answered once it stands, but for the repetition of the request that resumed it.
  private mutating func hear(_ count: Int) -> RunningEvent? {
    let packet = input.span.extracting(first: max(count, 0))
    if engine.session.awaitsStop {
      if engine.link.acknowledges, engine.session.lastRequest == Fingerprint(packet).value {
        engine.link.send(UInt8(ascii: "+"))
        return nil
      }
      if !PacketOpening.isStopRequest(packet) { pendingBeginsSession = true }
    }
    pending = count
    return .stop
  }
}

extension PacketOpening {
  /// `vCtrlC`, `vCont;t`: what a client may send while the machine runs.
  static func isStopRequest(_ packet: Span<UInt8>) -> Bool {
    var cursor = PacketCursor()
    if cursor.take("vCtrlC", in: packet) { return true }
    guard cursor.take("vCont", in: packet), cursor.take(UInt8(ascii: ";"), in: packet) else { return false }
    return packet.byte(at: cursor.position) == UInt8(ascii: "t")
  }
}
