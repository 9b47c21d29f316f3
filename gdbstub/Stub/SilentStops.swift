import RemoteProtocol

// Stops that the client never hears of: false conditions, breakpoints with commands, and steps inside of a range.
extension Engine where Channel: ~Copyable, Target: ~Copyable {
  /// The plan with which the machine goes on at once; nil when the stop is to be reported.
  mutating func silentPlan(_ expressions: inout ExpressionStore) -> ResumePlan? {
    stopFault = nil
    guard session.awaitsStop, let plan = session.plan, goesOn(plan, &expressions) else { return nil }
    // The machine may come here over and over with interrupts off: nobody else would see the client's wish.
    guard !link.takeInterrupt() else {
      stop = StopReason(.signal, signal: .interrupt, thread: stop.thread)
      return nil
    }
    return plan
  }

  private mutating func goesOn(_ plan: ResumePlan, _ expressions: inout ExpressionStore) -> Bool {
    switch stop.cause {
    case .step: return plan.motion == .step && plan.thread == stop.thread && isInRange()
    case .softwareBreakpoint: return passes(.software, &expressions)
    case .hardwareBreakpoint: return passes(.hardware, &expressions)
    case .signal, .watchpoint: return false
    }
  }

  private mutating func isInRange() -> Bool {
    guard let rip = target.read(.rip, of: stop.thread)?.low else { return false }
    return rip >= session.rangeStart && rip < session.rangeEnd
  }

  private mutating func passes(_ type: BreakpointType, _ expressions: inout ExpressionStore) -> Bool {
    guard let rip = target.read(.rip, of: stop.thread)?.low else { return false }
    link.beginConsole()
    let verdict = expressions.judge(type, rip, in: &self)
    link.endConsole()
    switch verdict {
    case .pass: return true
    case .report: return false
    case .reportFault(let fault):
      stopFault = fault
      return false
    }
  }
}

/// What expressions see: the thread that stopped, its registers by their numbers and its memory, and the client's
/// console.
extension Engine: AgentEnvironment where Channel: ~Copyable, Target: ~Copyable {
  mutating func register(_ number: UInt16) -> UInt64? {
    guard let register = Self.registerTable.register(numbered: UInt64(number)), register.byteCount <= 8 else {
      return nil
    }
    return target.read(register, of: stop.thread)?.low
  }

  mutating func read(_ address: UInt64, width: AccessWidth) -> UInt64? {
    if Self.offers(.exactAccess), address & UInt64(width.rawValue &- 1) == 0 {
      return try? target.readExactly(address, width: width, in: .linear(stop.thread))
    }
    var bytes = InlineArray<8, UInt8>(repeating: 0)
    var span = bytes.mutableSpan
    var wanted = span._mutatingExtracting(first: width.byteCount)
    let transfer = target.read(address, in: .linear(stop.thread), into: &wanted)
    guard transfer.fault == nil, transfer.byteCount == width.byteCount else { return nil }
    var value: UInt64 = 0
    var position = width.byteCount &- 1
    while position >= 0 {
      value = value << 8 | UInt64(bytes.span.byte(at: position) ?? 0)
      position &-= 1
    }
    return value
  }

  mutating func write(_ byte: UInt8) { link.write(byte) }

  mutating func variable(_ number: UInt16) -> UInt64? { variables.value(number) }

  mutating func setVariable(_ number: UInt16, to value: UInt64) -> Bool { variables.set(number, to: value) }
}
