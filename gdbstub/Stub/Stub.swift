import RemoteProtocol
import Synchronization

/// A stub of GDB's remote protocol, for a kernel to be debugged by: one value that lives as long as the machine.
///
/// The kernel that adopts it
/// 1. gives it a line (``ByteChannel``) and itself as the thing to be debugged (``DebugTarget``);
/// 2. calls ``enterStopped(_:)`` with everything else standing still: at a breakpoint, after a step, at a fault that it
///    has no answer to, when a client asks for attention. It comes back when the client wants the machine to go on,
///    with what to do;
/// 3. calls ``pollWhileRunning()`` when a byte came in, and now and then, while the machine runs.
///
/// Nothing here allocates, and nothing that comes over the line or from the target makes it trap. It holds about
/// 17 KiB; its functions need little of the stack.
public struct Stub<Channel: ByteChannel & ~Copyable, Target: DebugTarget & ~Copyable>: ~Copyable {
  var engine: Engine<Channel, Target>
  var expressions = ExpressionStore()
  var decoder = PacketDecoder(.requests)
  var input = InlineArray<4096, UInt8>(repeating: 0)
  /// Length of a packet in `input` that came while the machine ran, and is answered once it stands.
  var pending: Int?
  var pendingBeginsSession = false
  /// What may have been typed.
  var held = HeldBytes()
  /// 1 while a packet is being answered. Still 1 on entry, it means that answering it failed. Atomic, so that it stands in
  /// memory when a fault comes: nothing in the code between its two stores could read it.
  let isAnswering = Atomic<UInt8>(0)
  var lastByte: UInt64 = 0
  private var lastStopReply: UInt64 = 0
  private var stopRepetitions = 0

  public init(channel: consuming Channel, target: consuming Target) {
    engine = Engine(channel: channel, target: target)
  }

  /// True between a client's first packet and its leaving.
  public var isAttached: Bool { engine.session.phase != .none }

  /// True when a client has resumed the machine and waits for it to stop.
  public var isAwaited: Bool { engine.session.awaitsStop }

  public var statistics: LinkStatistics { engine.link.statistics }

  /// Lets `body` reach the target while the stub is not in use.
  public mutating func withTarget<Result>(_ body: (inout Target) -> Result) -> Result { body(&engine.target) }

  /// Lets `body` reach the line while the stub is not in use.
  public mutating func withChannel<Result>(_ body: (inout Channel) -> Result) -> Result {
    body(&engine.link.channel)
  }

  // MARK: While the machine stands

  /// Tells the client why the machine stands, if one waits for it, and serves it until the machine shall go on. Comes
  /// back at once, without a byte on the line, for a breakpoint whose condition is false and for a step inside of the
  /// client's range.
  public mutating func enterStopped(_ stop: StopReason) -> StubOutcome {
    if let plan = begin(stop) { return .resume(plan) }
    return serve()
  }

  /// Takes note of a stop and tells the client of it; gives a plan when it need not be told.
  mutating func begin(_ stop: StopReason) -> ResumePlan? {
    engine.stop = stop
    held.forget()
    isAnswering.store(0, ordering: .releasing)
    if let plan = engine.silentPlan(&expressions) { return plan }
    if pending == nil, engine.session.awaitsStop {
      engine.reportStop()
      noteStopReply()
    }
    return nil
  }

  /// For a kernel whose trap handler finds that the stub itself faulted, and that left its frames behind: the request
  /// under way is answered with an error, and the client is served as before.
  public mutating func continueAfterFault() -> StubOutcome {
    if isAnswering.exchange(0, ordering: .acquiringAndReleasing) == 1 {
      engine.send(Refusal(Refusal.failed, "the stub faulted over this request"), engine.session.errorStyle)
    }
    return serve()
  }

  private mutating func serve() -> StubOutcome {
    while true {
      if let outcome = serveOnce() { return outcome }
    }
  }

  /// One turn of the loop in which a client is served: at most one byte.
  mutating func serveOnce() -> StubOutcome? {
    if let count = pending {
      pending = nil
      return take(.packet(byteCount: count))
    }
    if let byte = engine.link.receive() { return take(feed(byte)) }
    checkTime()
    engine.link.channel.pause()
    return nil
  }

  mutating func feed(_ byte: UInt8) -> PacketEvent {
    lastByte = engine.link.channel.microseconds()
    var buffer = input.mutableSpan
    return decoder.feed(byte, into: &buffer)
  }

  private mutating func take(_ event: PacketEvent) -> StubOutcome? {
    switch event {
    case .packet(let count):
      let outcome = answer(count)
      noteStopReply()
      return outcome
    case .rejected(let rejection): reject(rejection)
    case .acknowledged: acknowledge()
    case .notAcknowledged: repeatReply()
    case .interrupt:
      // It crossed the stop reply, or that was lost.
      if engine.session.isStopUnacknowledged { repeatStopReply() }
    case .none, .began, .notification: break
    }
    return nil
  }

  // MARK: Packets

  private mutating func answer(_ count: Int) -> StubOutcome? {
    let packet = input.span.extracting(first: max(count, 0))
    let fingerprint = Fingerprint(packet).value
    if engine.isRepetition(fingerprint) {
      engine.link.send(UInt8(ascii: "+"))
      engine.link.repeatReply()
      return nil
    }
    if engine.beginsSession(packet) || pendingBeginsSession { engine.beginSession(&expressions) }
    pendingBeginsSession = false
    engine.note(packet, fingerprint)
    if engine.link.acknowledges { engine.link.send(UInt8(ascii: "+")) }
    isAnswering.store(1, ordering: .releasing)
    let outcome = engine.answer(packet, &expressions)
    isAnswering.store(0, ordering: .releasing)
    return outcome
  }

  private mutating func reject(_ rejection: PacketRejection) {
    engine.link.statistics.rejected &+= 1
    switch rejection {
    case .checksum:
      if engine.link.acknowledges { engine.link.send(UInt8(ascii: "-")) }
    case .malformed, .oversized:
      // It came over as it was sent: sent again, it would be no better.
      if case .oversized = rejection { engine.link.statistics.oversized &+= 1 }
      if engine.session.phase == .none { engine.beginSession(&expressions) }
      if engine.link.acknowledges { engine.link.send(UInt8(ascii: "+")) }
      let reason: StaticString = rejection == .malformed ? "malformed packet" : "the packet is too long"
      engine.send(Refusal(Refusal.invalid, reason), engine.session.errorStyle)
    }
  }

  mutating func acknowledge() {
    if !engine.link.acknowledges, !engine.session.expectsLastAcknowledgement {
      engine.session.sawGreeting = true
    }
    engine.session.expectsLastAcknowledgement = false
    engine.session.isStopUnacknowledged = false
    engine.session.rejections = 0
    engine.link.isReplyAcknowledged = true
  }

  mutating func repeatReply() {
    guard engine.link.acknowledges, engine.session.phase != .none else { return }
    engine.session.rejections &+= 1
    guard engine.session.rejections <= ClientSession.patience else {
      engine.link.statistics.dropped &+= 1
      engine.endSession(&expressions)
      return
    }
    engine.link.repeatReply()
  }

  // MARK: Time

  /// From now on a stop reply that is not acknowledged is waited for.
  private mutating func noteStopReply() {
    lastStopReply = engine.link.channel.microseconds()
    stopRepetitions = 0
  }

  private mutating func repeatStopReply() {
    lastStopReply = engine.link.channel.microseconds()
    stopRepetitions &+= 1
    engine.link.repeatReply()
  }

  /// Nothing came: what was under way may never come.
  mutating func checkTime() {
    let now = engine.link.channel.microseconds()
    if decoder.isInsidePacket, now &- lastByte > engine.link.packetPatience {
      decoder = PacketDecoder(.requests)
      engine.link.statistics.unfinished &+= 1
      if engine.link.acknowledges, engine.session.phase != .none { engine.link.send(UInt8(ascii: "-")) }
    }
    // A client waits for a stop reply without a limit. One that was lost is sent again.
    if engine.session.isStopUnacknowledged, now &- lastStopReply > LinkTime.stopAcknowledgement,
      stopRepetitions < Self.mostStopRepetitions
    {
      repeatStopReply()
    }
  }

  private static var mostStopRepetitions: Int { 5 }
}
