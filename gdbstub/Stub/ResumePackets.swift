import RemoteProtocol

// c s C S: resuming as gdb did before vCont. `Hc` says whom.
extension Engine where Channel: ~Copyable, Target: ~Copyable {
  /// `c [ADDRESS]` and `s [ADDRESS]`
  mutating func resume(
    _ motion: ResumePlan.Motion, _ packet: Span<UInt8>, _ start: PacketCursor
  ) -> HandlerStatus {
    var cursor = start
    guard !cursor.isAtEnd(of: packet) else { return resume(motion, signal: 0, address: nil) }
    guard let address = cursor.hexadecimalNumber(in: packet), cursor.isAtEnd(of: packet) else {
      return .malformed
    }
    return resume(motion, signal: 0, address: address)
  }

  /// `C SIGNAL[;ADDRESS]` and `S SIGNAL[;ADDRESS]`
  mutating func resumeWithSignal(
    _ motion: ResumePlan.Motion, _ packet: Span<UInt8>, _ start: PacketCursor
  ) -> HandlerStatus {
    var cursor = start
    guard let signal = cursor.hexadecimalByte(in: packet) else { return .malformed }
    guard !cursor.isAtEnd(of: packet) else { return resume(motion, signal: signal, address: nil) }
    guard cursor.take(UInt8(ascii: ";"), in: packet), let address = cursor.hexadecimalNumber(in: packet),
      cursor.isAtEnd(of: packet)
    else { return .malformed }
    return resume(motion, signal: signal, address: address)
  }

  private mutating func resume(
    _ motion: ResumePlan.Motion, signal: UInt8, address: UInt64?
  ) -> HandlerStatus {
    var resumed = stop.thread
    if case .number(let number) = session.resumed { resumed = TargetThread(number) }
    // A step is one of this thread alone; `Hc` with a thread says the same of running.
    let others: ResumePlan.Others = motion == .step || resumed != stop.thread ? .hold : .run
    return resume(ResumePlan(motion, resumed, others: others, signal: signal), at: address)
  }

  /// Asks the target whether it can, then lets it.
  mutating func resume(_ plan: ResumePlan, at address: UInt64? = nil) -> HandlerStatus {
    guard target.isAlive(plan.thread) else { return .noSuchThread }
    do {
      try target.prepare(plan)
      if let address { try target.write(RegisterValue(address), to: .rip, of: plan.thread) }
    } catch {
      return .explained(error)
    }
    session.rangeStart = 0
    session.rangeEnd = 0
    return .resumed(plan)
  }
}
