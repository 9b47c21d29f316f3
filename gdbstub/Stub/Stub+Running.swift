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
  /// True when a client's request is already here, which ``enterStopped(_:)`` will answer first.
  public var hasRequest: Bool { pending != nil }

  /// Looks at the line while the machine runs; never waits for it. To be called until it gives `nothing`.
  public mutating func pollWhileRunning() -> RunningEvent {
    if let byte = held.next() { return .typed(byte) }
    if engine.link.takeInterrupt() { return .stop }
    while let byte = engine.link.receive() {
      if isAttached { held.forget() }
      let wasInside = decoder.isInsidePacket
      let event = feed(byte)
      if let event = isAttached || isExpected(event) ? runningEvent(event) : loneEvent(event, byte, wasInside)
      {
        return event
      }
    }
    checkTime()
    releaseInTime()
    if let byte = held.next() { return .typed(byte) }
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
  private mutating func runningEvent(_ event: PacketEvent) -> RunningEvent? {
    switch event {
    case .interrupt: return .stop
    case .packet(let count): return hear(count)
    case .rejected(let rejection):
      if engine.link.acknowledges, rejection == .checksum { engine.link.send(UInt8(ascii: "-")) }
    case .acknowledged: acknowledge()
    case .notAcknowledged: repeatReply()
    case .none, .began, .notification: break
    }
    return nil
  }

  /// The `+` to the last reply that a client got.
  private func isExpected(_ event: PacketEvent) -> Bool {
    event == .acknowledged && engine.session.expectsLastAcknowledgement
  }

  /// While no client is attached, the line may be a console: what is no packet and no interrupt was typed. A `+` may be
  /// the greeting before a packet.
  private mutating func loneEvent(
    _ event: PacketEvent, _ byte: UInt8, _ wasInside: Bool
  ) -> RunningEvent? {
    switch event {
    case .interrupt: return .stop
    case .packet(let count):
      held.forget()
      return hear(count)
    case .rejected:
      held.append(byte)
      guard held.endsInChecksum() else { break }
      held.forget()
      return runningEvent(event)
    case .acknowledged where held.isEmpty, .began:
      held.append(byte)
      return nil
    case .none where wasInside && !byte.isControl:
      held.append(byte)
      return nil
    case .none, .acknowledged, .notAcknowledged, .notification: held.append(byte)
    }
    decoder = PacketDecoder(.requests)
    held.release()
    return held.next().map { .typed($0) }
  }

  /// The rest of what looked like a packet does not come.
  private mutating func releaseInTime() {
    guard !held.isEmpty, !decoder.isInsidePacket,
      engine.link.channel.microseconds() &- lastByte > LinkTime.insidePacket
    else { return }
    held.release()
  }

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

extension UInt8 {
  /// No client sends one in its first packet, and every typed line ends in one.
  fileprivate var isControl: Bool { self < 0x20 }
}
