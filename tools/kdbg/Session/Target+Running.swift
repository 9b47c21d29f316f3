import RemoteProtocol
import X86

extension Target {
  /// How long a stopped machine may take for one instruction, or a running one to stop when asked.
  private static let promptLimit = Duration.seconds(10)
  /// QEMU reports every stop to its monitor as well; the reports are taken away now and then.
  private static let stopsPerDrain = 256

  // MARK: Breakpoints

  public func insertBreakpoint(
    _ kind: BreakpointKind, at address: VirtualAddress
  ) throws(SessionError) {
    try requireStopped(resumable: false)
    let breakpoint = Breakpoint(kind: kind, address: address.rawValue)
    // Inserted twice, it would have to be removed twice.
    guard !breakpoints.contains(breakpoint) else { return }
    try attempt { () throws(SessionError) in try insert(breakpoint) }
  }

  public func removeBreakpoint(
    _ kind: BreakpointKind, at address: VirtualAddress
  ) throws(SessionError) {
    try requireStopped(resumable: false)
    let breakpoint = Breakpoint(kind: kind, address: address.rawValue)
    guard breakpoints.contains(breakpoint) else { return }
    try attempt { () throws(SessionError) in try remove(breakpoint) }
  }

  func insert(_ breakpoint: Breakpoint) throws(SessionError) {
    try client.request(breakpoint.insertion, "set a breakpoint").requireOK("set a breakpoint")
    breakpoints.insert(breakpoint)
    farewell.update(breakpointRemovals: breakpoints.map(\.removal))
  }

  func remove(_ breakpoint: Breakpoint) throws(SessionError) {
    try client.request(breakpoint.removal, "remove a breakpoint").requireOK("remove a breakpoint")
    breakpoints.remove(breakpoint)
    farewell.update(breakpointRemovals: breakpoints.map(\.removal))
  }

  private func breakpoints(at address: UInt64) -> [Breakpoint] {
    breakpoints.filter { $0.address == address && $0.stopsExecution }
  }

  // MARK: Running

  /// Lets all processors run. A breakpoint at RIP stops the machine again at once; ``stepOffAndResume(_:)``
  /// passes it. Throws `.needsReset` after a shutdown.
  public func resume() throws(SessionError) {
    try requireStopped(resumable: true)
    try attempt { () throws(SessionError) in try start(dialect.continueRequest()) }
    standing = []
  }

  /// Executes one instruction of the selected processor and waits for it, past a breakpoint at RIP.
  public func step() throws(SessionError) -> StopEvent {
    try requireStopped(resumable: true)
    return try attempt { () throws(SessionError) in
      let event = try stepWithEffect()
      if case .signal = event, core == nil { try fetchRegisters() }
      return event
    }
  }

  /// Passes a breakpoint at RIP by one step, then lets all processors run. Returns an event when the step itself
  /// ended elsewhere: at a watchpoint, or with the machine. Without proof a step may have executed nothing, and the
  /// machine stops at the same place again; the proof costs one more request.
  ///
  /// The continue is never queued behind the step: QEMU's gdbserver takes whatever byte comes while the machine runs as
  /// Ctrl-C, and while it steps the machine runs; the reply to the step would be that stop's, or none.
  public func stepOffAndResume(_ proof: StepProof) throws(SessionError) -> StopEvent? {
    try requireStopped(resumable: true)
    return try attempt { () throws(SessionError) in
      // Another processor may have stopped before this one was selected, and stands at its breakpoint still.
      for thread in standing where thread != selected {
        let here = selected
        try select(thread)
        if let event = try stepOff(proof) { return event }
        if let here { try select(here) }
      }
      if let event = try stepOff(proof) { return event }
      try start(dialect.continueRequest())
      standing = []
      return nil
    }
  }

  /// Passes a breakpoint at RIP. Returns an event that is not the end of that step.
  private func stepOff(_ proof: StepProof) throws(SessionError) -> StopEvent? {
    guard !breakpoints(at: try currentRIP()).isEmpty else { return nil }
    let event = proof == .changedRegisters ? try stepWithEffect() : try stepPastBreakpoint()
    if case .signal(StopEvent.trapSignal, thread: _, watch: nil) = event { return nil }
    if case .signal = event { try fetchRegisters() }
    return event
  }

  /// Waits until the machine stops; at once when it already has. A request on `interrupt` stops it. Throws
  /// `.timedOut` after `limit` (nil: no limit), with the machine still running.
  public func waitForStop(
    limit: Duration?, interrupt: InterruptRequest? = .shared
  ) throws(SessionError) -> StopEvent {
    switch state {
    case .stopped(let event): return event
    case .ended: throw ending ?? .ended
    case .running: break
    }
    var deadline = limit.map { Deadline(after: $0) } ?? .none
    while true {
      switch stop(until: deadline, interrupt: interrupt) {
      case .event(let event): return try settle(event)
      case .interruptRequested:
        interrupt?.clear()
        try attempt { () throws(SessionError) in try client.sendInterrupt() }
        deadline = Deadline(after: Self.promptLimit)
      case .none: throw .timedOut(operation: "wait for a stop", limit: deadline.limit)
      }
    }
  }

  /// A stop that has already arrived, nil when none has; never waits. For a loop that polls ``pollDescriptor``.
  public func pollStop() throws(SessionError) -> StopEvent? {
    guard state == .running else { return nil }
    guard case .event(let event) = stop(until: Deadline(after: .zero), interrupt: nil) else { return nil }
    return try settle(event)
  }

  /// Asks the running machine to stop; the stop comes through ``waitForStop(limit:interrupt:)``.
  public func interrupt() throws(SessionError) {
    guard state == .running else { return }
    try attempt { () throws(SessionError) in try client.sendInterrupt() }
  }

  /// Readable when the running target has something to say.
  public var pollDescriptor: Int32 { client.connection.number }

  // MARK: Stops

  private enum Wait {
    case event(StopEvent)
    case interruptRequested
    case none
  }

  private func start(_ request: [UInt8]) throws(SessionError) {
    invalidate()
    // First: who ends kdbg from now on must stop the machine.
    farewell.update(isRunning: true, thread: selected)
    try client.resume(request)
    state = .running
  }

  /// One step that changes a register. QEMU's single step now and then executes nothing: where a device asks its
  /// interrupt controller just then, the request is handled and taken for the step (accel/tcg/cpu-exec.c,
  /// cpu_handle_interrupt). An instruction that really changes nothing, as a jump to itself, does so some times more.
  private func stepWithEffect() throws(SessionError) -> StopEvent {
    for _ in 1..<Self.mostIdleSteps {
      _ = try currentRIP()
      let before = core
      let event = try stepPastBreakpoint()
      guard case .signal(StopEvent.trapSignal, thread: _, watch: nil) = event else { return event }
      if core == nil { try fetchRegisters() }
      guard let before, let core, before.hasSameGeneralRegisters(as: core) else { return event }
    }
    return try stepPastBreakpoint()
  }

  private static let mostIdleSteps = 3

  /// One step, with whatever it takes to get past a breakpoint at RIP. The registers are not read after it.
  private func stepPastBreakpoint() throws(SessionError) -> StopEvent {
    let rip = try currentRIP()
    let here = breakpoints(at: rip)
    if here.isEmpty || stepping != .removeAndInsert {
      for _ in 0..<Self.mostIdleSteps {
        let event = try stepOnce()
        guard !here.isEmpty, stepping == .untested, case .signal = event else { return event }
        try fetchRegisters()
        if try currentRIP() != rip {
          stepping = .direct
          return event
        }
      }
      stepping = .removeAndInsert
    }
    for breakpoint in here { try remove(breakpoint) }
    let event = try stepOnce()
    if case .signal = event { for breakpoint in here { try insert(breakpoint) } }
    return event
  }

  /// One step, with the watchpoints of a stub in the machine taken out for it: a step and a watchpoint at once are two
  /// debug exceptions under QEMU's translator, and the second would come over the first one's frame. What was written is
  /// found out by looking.
  private func stepOnce() throws(SessionError) -> StopEvent {
    let watched = dialect.isQEMU ? [] : breakpoints.filter { !$0.stopsExecution }
    guard !watched.isEmpty else { return try stepAndWait() }
    let before = watched.map { bytes(watchedBy: $0) }
    for breakpoint in watched { try remove(breakpoint) }
    let event = try stepAndWait()
    guard case .signal(let number, let thread, watch: nil) = event else { return event }
    for breakpoint in watched { try insert(breakpoint) }
    let change = zip(watched, before).first { $0.kind.isAboutWrites && bytes(watchedBy: $0) != $1 }
    guard let change else { return event }
    let changed = StopEvent.signal(
      number, thread: thread, watch: Watchpoint(kind: change.0.kind.wireKind, address: change.0.address))
    state = .stopped(changed)
    return changed
  }

  private func bytes(watchedBy breakpoint: Breakpoint) -> [UInt8]? {
    try? readVirtual(VirtualAddress(breakpoint.address), byteCount: breakpoint.kind.byteCount)
  }

  private func stepAndWait() throws(SessionError) -> StopEvent {
    try start(dialect.stepRequest(selected))
    switch stop(until: Deadline(after: Self.promptLimit), interrupt: nil) {
    case .event(let event):
      accept(event)
      return event
    case .interruptRequested, .none: throw try stopStuckStep()
    }
  }

  /// A halted processor executes nothing, since a step keeps the interrupts out that would wake it. Stops the machine and
  /// says so; where that does not work either, the target is lost.
  private func stopStuckStep() throws(SessionError) -> SessionError {
    let stepped = selected
    try client.sendInterrupt()
    guard case .event(let event) = stop(until: Deadline(after: Self.promptLimit), interrupt: nil) else {
      return .timedOut(operation: "single step", limit: Self.promptLimit)
    }
    accept(event)
    if case .lost(let error) = event { return error }
    // The stop is told of any processor.
    if let stepped, stepped != selected, case .signal = event { try select(stepped) }
    return .refusedInWords(
      operation: "single step",
      reason: "the processor executed nothing for \(Self.promptLimit.components.seconds) s; it may be halted")
  }

  private func currentRIP() throws(SessionError) -> UInt64 {
    if core == nil { try fetchRegisters() }
    return core?.rip ?? 0
  }

  /// Waits for the machine; failures become events here, because a lost target is one more way to stop.
  private func stop(until deadline: Deadline, interrupt: InterruptRequest?) -> Wait {
    do {
      switch try client.stop(until: deadline, interrupt: interrupt) {
      case .reply(let reply): return .event(event(for: reply))
      case .interruptRequested: return .interruptRequested
      case .none: return .none
      }
    } catch {
      let cause = diagnosis(of: error)
      if case .emulatorEnded(.exited(let status)) = cause { return .event(.exited(status: status)) }
      if case .exited(let status) = client.farewell {
        return .event(.exited(status: Int32(truncatingIfNeeded: status)))
      }
      return .event(.lost(cause))
    }
  }

  private func event(for reply: StopReply) -> StopEvent {
    switch reply {
    // QEMU's word for a machine that it holds because it shut down.
    case .signal(3, _) where dialect.isQEMU:
      emulator?.monitor.drainEvents()
      return .shutdown(emulator?.monitor.shutdownCause ?? .unknown)
    case .signal(let number, let details):
      return .signal(number, thread: details.thread ?? selected, watch: details.watch)
    case .exited(let status):
      if case .exited(let status) = emulator?.waitForExit(limit: .seconds(20)) {
        return .exited(status: status)
      }
      return .exited(status: Int32(truncatingIfNeeded: status))
    case .terminated(let signal): return .lost(.emulatorEnded(.signalled(Int32(signal))))
    case .noResumedThreads: return .signal(0, thread: selected, watch: nil)
    }
  }

  /// Takes note of `event` and reads the registers that everybody wants next.
  private func settle(_ event: StopEvent) throws(SessionError) -> StopEvent {
    accept(event)
    switch event {
    case .signal, .shutdown: try attempt { () throws(SessionError) in try fetchRegisters() }
    case .exited, .lost: break
    }
    return event
  }

  private func accept(_ event: StopEvent) {
    switch event {
    case .signal(_, let thread, watch: _):
      state = .stopped(event)
      if let thread {
        selected = thread
        standing.insert(thread)
      }
      stopsSinceDrain += 1
      if stopsSinceDrain >= Self.stopsPerDrain {
        stopsSinceDrain = 0
        emulator?.monitor.drainEvents()
      }
    case .shutdown:
      state = .stopped(event)
    case .exited:
      close()
    case .lost(let error):
      ending = error
      close()
    }
    farewell.update(isRunning: false, thread: selected)
  }

  /// The stop in which the machine stands when kdbg comes. `?` is sent this once only: QEMU removes all
  /// breakpoints over it.
  func takeInitialStop() throws(SessionError) {
    try client.send([UInt8(ascii: "?")], "ask for the state")
    guard case .reply(let reply) = try client.stop(until: Deadline(after: client.limit), interrupt: nil)
    else {
      throw .endpointSilent(endpoint, limit: client.limit)
    }
    let event = event(for: reply)
    accept(try holdsAfterShutdown(event) ? .shutdown(.unknown) : event)
    switch event {
    case .signal, .shutdown: try fetchRegisters()
    case .exited, .lost: throw .connectionClosed
    }
  }

  /// True for a QEMU that keeps a machine which has shut down. To who comes later it is stopped like any other, but it
  /// answers no request to go on.
  private func holdsAfterShutdown(_ event: StopEvent) throws(SessionError) -> Bool {
    guard case .signal = event, dialect.isQEMU, emulator == nil else { return false }
    do {
      return try client.monitor("info status").contains("(shutdown)")
    } catch {
      guard error.category == .refused else { throw error }
      return false
    }
  }

  func stopForDetach() throws(SessionError) {
    try client.sendInterrupt()
    switch stop(until: Deadline(after: Self.promptLimit), interrupt: nil) {
    case .event(let event): accept(event)
    case .interruptRequested, .none: throw .timedOut(operation: "detach", limit: Self.promptLimit)
    }
  }
}

/// How it is known that a step passed a breakpoint.
public enum StepProof: Sendable {
  /// The target said so.
  case none
  /// A register has changed.
  case changedRegisters
}

extension RegisterFile {
  /// True where RIP and the general registers are those of `other`.
  fileprivate func hasSameGeneralRegisters(as other: RegisterFile) -> Bool {
    rip == other.rip && general.indices.allSatisfy { general[$0] == other.general[$0] }
  }
}
