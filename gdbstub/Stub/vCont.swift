import RemoteProtocol

// vCont: what each thread shall do. GDB manual, E.2.
extension Engine where Channel: ~Copyable, Target: ~Copyable {
  /// `vCont?`
  mutating func tellResumeActions() -> HandlerStatus {
    link.reply.begin()
    link.reply.text("vCont;c;C;s;S;t;r")
    return .replied
  }

  /// `vCont;ACTION[:THREAD]...`: of two actions for a thread the left one counts.
  ///
  /// One processor runs one thread at a time, so all that can be told apart is one thread that is stepped or let run,
  /// and whether the others may run meanwhile.
  mutating func resumeThreads(_ packet: Span<UInt8>, _ start: PacketCursor) -> HandlerStatus {
    var cursor = start
    var named: ThreadAction?
    var general: ThreadAction?
    var othersRun = false
    while cursor.take(UInt8(ascii: ";"), in: packet) {
      guard let action = ThreadAction(packet, &cursor) else { return .malformed }
      switch action.thread {
      case .number:
        if let first = named {
          // A step is what the client waits for; whoever else is named runs along.
          if first.kind == .run, action.kind == .step { named = action }
          othersRun = true
        } else {
          named = action
        }
      case .all, .any:
        if general == nil { general = action }
      }
    }
    guard cursor.isAtEnd(of: packet), let chosen = named ?? general else { return .malformed }
    if chosen.kind == .stay { return stay(general) }
    let others: ResumePlan.Others =
      named == nil
      ? (chosen.kind == .run ? .run : .hold) : othersRun || general?.kind == .run ? .run : .hold
    return resume(chosen, others)
  }

  private mutating func resume(_ action: ThreadAction, _ others: ResumePlan.Others) -> HandlerStatus {
    var thread = stop.thread
    if case .number(let number) = action.thread { thread = TargetThread(number) }
    let motion: ResumePlan.Motion = action.kind == .step ? .step : .run
    let status = resume(ResumePlan(motion, thread, others: others, signal: action.signal))
    guard case .resumed = status else { return status }
    session.rangeStart = action.rangeStart
    session.rangeEnd = action.rangeEnd
    return status
  }

  /// `t`: everything stands already. With an action for others beside it, that is what happens.
  private mutating func stay(_ general: ThreadAction?) -> HandlerStatus {
    guard let general, general.kind != .stay else { return interruptStopped() }
    return resume(general, general.kind == .run ? .run : .hold)
  }
}

/// One action of a vCont packet.
private struct ThreadAction {
  enum Kind: UInt8 {
    case run
    case step
    case stay
  }

  var kind: Kind
  var signal: UInt8 = 0
  var rangeStart: UInt64 = 0
  var rangeEnd: UInt64 = 0
  var thread = ThreadNumber.all

  init?(_ packet: Span<UInt8>, _ cursor: inout PacketCursor) {
    switch cursor.byte(in: packet) {
    case UInt8(ascii: "c"): kind = .run
    case UInt8(ascii: "s"): kind = .step
    case UInt8(ascii: "t"): kind = .stay
    case UInt8(ascii: "C"):
      kind = .run
      guard takeSignal(packet, &cursor) else { return nil }
    case UInt8(ascii: "S"):
      kind = .step
      guard takeSignal(packet, &cursor) else { return nil }
    case UInt8(ascii: "r"):
      kind = .step
      guard takeRange(packet, &cursor) else { return nil }
    default: return nil
    }
    guard takeThread(packet, &cursor) else { return nil }
  }

  private mutating func takeSignal(_ packet: Span<UInt8>, _ cursor: inout PacketCursor) -> Bool {
    guard let number = cursor.hexadecimalByte(in: packet) else { return false }
    signal = number
    return true
  }

  // Inlined, a bounds check of its reads stays in the code, although it never fails.
  @inline(never)
  private mutating func takeRange(_ packet: Span<UInt8>, _ cursor: inout PacketCursor) -> Bool {
    guard let start = cursor.hexadecimalNumber(in: packet), cursor.take(UInt8(ascii: ","), in: packet),
      let end = cursor.hexadecimalNumber(in: packet)
    else { return false }
    rangeStart = start
    rangeEnd = end
    return true
  }

  /// Nothing there means all threads that no other action names.
  private mutating func takeThread(_ packet: Span<UInt8>, _ cursor: inout PacketCursor) -> Bool {
    guard cursor.take(UInt8(ascii: ":"), in: packet) else { return true }
    guard let identifier = cursor.threadIdentifier(in: packet) else { return false }
    thread = identifier.thread
    return true
  }
}
