import Inspect
import Session
import X86

extension RunControl {
  /// Lets the machine run until a stop that concerns the user, or until the check has counted `returns` more.
  public func run(returns: Int? = nil) throws(SessionError) -> StopReason {
    try run(to: returns.map { .returns((checker?.count ?? 0) + $0) } ?? .none)
  }

  /// Lets the machine run until it comes to `place`, or to a stop that concerns the user.
  func run(to place: RunPlace) throws(SessionError) -> StopReason {
    destination = place.address
    defer { destination = nil }
    wakeAll()
    try settle()
    let reason = try run(to: .place(place))
    destination = nil
    if target.state.isStopped { try settle() }
    return reason
  }

  private func run(to goal: RunGoal) throws(SessionError) -> StopReason {
    try followGates()
    // Whoever says "continue" wants to see the machine elsewhere. At the places of the check, where it stops all the time,
    // the proof would cost more than a return in ten thousand that is audited twice.
    var proof = StepProof.changedRegisters
    while true {
      noteTableLoad()
      let event: StopEvent
      if caught.mustStep(at: target.coreRegisters.rip) {
        let before = ProcessorMoment(target.coreRegisters)
        let reason = try judge(try target.step(), goal: goal, from: before)
        if let reason, !reason.isPlainStep { return reason }
        continue
      }
      if let early = try target.stepOffAndResume(proof) {
        event = early
      } else {
        event = try waitForEvent()
      }
      proof = isChecking && target.state.isStopped && isAtSite ? .none : .changedRegisters
      guard let reason = try judge(event, goal: goal) else { continue }
      // Nobody asked for a step: a trap that no breakpoint explains is the guest's own.
      return reason.isPlainStep ? .signal(StopEvent.trapSignal) : reason
    }
  }

  /// Executes one instruction. Nil where nothing else stopped the machine.
  func stepOnce() throws(SessionError) -> StopReason? {
    if InterruptRequest.shared.clear() { return .interrupted }
    noteTableLoad()
    let before = ProcessorMoment(target.coreRegisters)
    let reason = try judge(try target.step(), goal: .none, from: before)
    return reason?.isPlainStep == true ? nil : reason
  }

  /// Remembers that the next instruction changes what the monitor said.
  private func noteTableLoad() {
    if tableLoads.contains(target.coreRegisters.rip) { systemRegistersAreStale = true }
  }

  /// Nil when the machine should go on. After a step `before` is what the processor was.
  private func judge(
    _ event: StopEvent, goal: RunGoal, from before: ProcessorMoment? = nil
  ) throws(SessionError) -> StopReason? {
    switch event {
    case .exited(let status): return end(.exited(MachineEnding(status: status)))
    case .shutdown(let cause): return end(.shutdown(cause))
    case .lost(.connectionClosed) where disconnection == .end: return end(.disconnected)
    case .lost(let error): throw error
    case .signal(let number, _, let watch):
      if systemRegistersAreStale { askSystemRegistersAgain() }
      // What the machine stopped for may be taken out over it.
      let isOurs =
        inserted.stopsExecution(at: target.coreRegisters.rip)
        || watch.map { inserted.isWatched($0.address) } ?? false
      try lookForSitesAtStop()
      try noteChange(rip: target.coreRegisters.rip, watch: watch)
      let registers = target.coreRegisters
      if target.knowsControlRegisters { references.observe(registers.cr3) }
      let wasSite = isChecking && isAtSite
      if wasSite {
        if let audit = try auditHere() { return .violation(audit) }
        if case .returns(let count) = goal, let checker, checker.count >= count { return .counted }
      }
      if isChecking, !wasSite { checker?.noteOtherStop() }
      if let gauge, let checker { gauge.set(checker) }
      if let end = bell?.end { return .reached(end) }
      if let hit = try breakpointHit(rip: registers.rip, watch: watch) { return .breakpoint(hit) }
      if let reason = try caughtEvent(registers, from: before) { return reason }
      if case .place(let place) = goal, place.isReached(registers, by: target.selectedThread) {
        return .arrived
      }
      if number == StopEvent.interruptSignal { return .interrupted }
      if wasSite || isOurs { return nil }
      return number == StopEvent.trapSignal ? .stepped : .signal(number)
    }
  }
}

extension RunControl {
  private func caughtEvent(
    _ registers: RegisterFile, from before: ProcessorMoment?
  ) throws(SessionError) -> StopReason? {
    if let vectors = caught.vectors.handlers[registers.rip] {
      try noteCaught(.vectors)
      return .caught(vectors)
    }
    let reason = before.flatMap { caught.crossing($0, ProcessorMoment(registers)) }
    switch reason {
    case .caughtRing(3): try noteCaught(.ring3)
    case .caughtRing: try noteCaught(.ring0)
    case .caughtRootTable: try noteCaught(.rootTable)
    default:
      guard isEntryFromUser(registers) else { return nil }
      try noteCaught(.ring0)
      return .caughtRing(0)
    }
    return reason
  }
}

extension StopReason {
  /// True where nothing happened but a step.
  var isPlainStep: Bool { if case .stepped = self { true } else { false } }
}

extension RunPlace {
  func isReached(_ registers: RegisterFile, by thread: ThreadIdentifier?) -> Bool {
    registers.rip == address && (stackPointer == nil || registers.rsp == stackPointer)
      && (self.thread == nil || thread == nil || self.thread == thread)
  }
}

extension Target.State {
  var isStopped: Bool { if case .stopped = self { true } else { false } }
}

// MARK: The end

extension RunControl {
  /// Notes what the machine's end says.
  private func end(_ reason: StopReason) -> StopReason {
    var outcome = ExitStatus.held
    if case .exited(let ending) = reason {
      hasEnded = true
      outcome = self.outcome(of: ending)
    }
    if case .disconnected = reason {
      hasEnded = true
      // The wished status may have been another one.
      if successStatus != nil { outcome = .violated }
    }
    if case .shutdown(let cause) = reason, cause != .powerOff { outcome = .violated }
    if outcome == .held, isChecking, checker?.count == 0 { outcome = .nothingChecked }
    verdict = max(verdict, outcome)
    return reason
  }

  /// The kernel's own word on how it went; a kernel that kdbg does not know has none.
  func outcome(of ending: MachineEnding) -> ExitStatus {
    if let successStatus { return ending.status == successStatus ? .held : .violated }
    return kernelTableAddress == nil || ending.isSuccess ? .held : .violated
  }
}
