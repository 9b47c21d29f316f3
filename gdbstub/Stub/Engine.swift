import RemoteProtocol
import X86

/// All that the handlers of packets work on, apart from the packet itself and the expressions of breakpoints.
struct Engine<Channel: ByteChannel & ~Copyable, Target: DebugTarget & ~Copyable>: ~Copyable {
  var link: Link<Channel>
  var target: Target
  var session = ClientSession()
  /// Why the machine stands, or stood last.
  var stop: StopReason
  /// Why the condition or command of the breakpoint that stopped it could not be evaluated.
  var stopFault: AgentFault?
  /// State variables of expressions.
  var variables = AgentVariables()
  /// Memory on its way.
  var scratch = InlineArray<1024, UInt8>(repeating: 0)

  static var scratchCapacity: Int { 1024 }

  init(channel: consuming Channel, target: consuming Target) {
    link = Link(channel: channel)
    stop = StopReason(.signal, thread: target.currentThread)
    self.target = target
  }

  /// The thread that the client means.
  var thread: TargetThread { session.selected ?? stop.thread }

  var memorySpace: MemorySpace {
    switch session.addressMode {
    case .linear: .linear(thread)
    case .physical: .physical
    }
  }

  static func offers(_ capabilities: TargetCapabilities) -> Bool {
    Target.capabilities.contains(capabilities)
  }

  /// Everything that the client gets to hear about one packet.
  mutating func answer(_ packet: Span<UInt8>, _ expressions: inout ExpressionStore) -> StubOutcome? {
    switch handle(packet, &expressions) {
    case .replied:
      link.sendReply()
    case .done:
      sendOK()
    case .unknown:
      link.reply.begin()
      link.sendReply()
    case .refused(let refusal):
      send(refusal, session.errorStyle)
    case .explained(let refusal):
      send(refusal, session.errorStyle == .numbers && !session.isLLDB ? .messages : session.errorStyle)
    case .resumed(let plan):
      session.plan = plan
      session.awaitsStop = true
      link.reply.forget()
      return .resume(plan)
    case .stopReply:
      sendStopReply()
    case .doneAndStopReply:
      sendOK()
      sendStopReply()
    case .ended(let outcome):
      sendOK()
      session.expectsLastAcknowledgement = link.acknowledges
      endSession(&expressions)
      return outcome
    case .endedSilently(let outcome):
      endSession(&expressions)
      return outcome
    }
    return nil
  }

  private mutating func sendOK() {
    link.reply.begin()
    link.reply.text("OK")
    link.sendReply()
  }

  mutating func send(_ refusal: Refusal, _ style: ClientSession.ErrorStyle) {
    link.reply.begin()
    link.reply.raw(UInt8(ascii: "E"))
    switch style {
    case .numbers:
      link.reply.hexadecimal(byte: refusal.code)
    case .messages:
      link.reply.raw(UInt8(ascii: "."))
      refusal.write(to: &link.reply)
    case .hexadecimalMessages:
      link.reply.hexadecimal(byte: refusal.code)
      link.reply.raw(UInt8(ascii: ";"))
      link.reply.form = .hexadecimal
      refusal.write(to: &link.reply)
    }
    link.sendReply()
  }

  // MARK: Sessions

  mutating func beginSession(_ expressions: inout ExpressionStore) {
    session = ClientSession()
    session.phase = .opening
    link.acknowledges = true
    link.acknowledgesLate = false
    link.isInterruptPending = false
    link.reply.forget()
    link.isReplyAcknowledged = true
    link.statistics.sessions &+= 1
    variables = AgentVariables()
    removeAllBreakpoints(&expressions)
  }

  mutating func endSession(_ expressions: inout ExpressionStore) {
    let expects = session.expectsLastAcknowledgement
    session = ClientSession()
    session.expectsLastAcknowledgement = expects
    link.acknowledges = true
    removeAllBreakpoints(&expressions)
  }

  mutating func removeAllBreakpoints(_ expressions: inout ExpressionStore) {
    expressions.removeAll()
    target.removeAllBreakpoints()
  }
}

extension Refusal {
  func write<Sink: ByteSink & ~Copyable>(to sink: inout Sink) {
    var letters = Letters(reason)
    while let letter = letters.next() { sink.write(letter) }
    guard let address else { return }
    sink.write(UInt8(ascii: " "))
    sink.write(UInt8(ascii: "0"))
    sink.write(UInt8(ascii: "x"))
    var shift = (63 &- UInt64(truncatingIfNeeded: (address | 1).leadingZeroBitCount)) & ~3
    while true {
      sink.write(Hexadecimal.digit(of: UInt8(truncatingIfNeeded: address >> shift)))
      guard shift > 0 else { return }
      shift &-= 4
    }
  }
}
