import RemoteProtocol
import X86

/// One attached machine: its processors, its memory, and whether it runs.
///
/// Everything happens on the caller's thread. A call that needs an answer waits for it at most as long as the
/// session's limit; only ``waitForStop(limit:interrupt:)`` waits as long as it is told.
public final class Target: MachineView {
  /// How long a stub may take to answer.
  public static let standardReplyLimit = Duration.seconds(10)
  /// The same on a serial line, on which what was lost is sent again, some times if it must be.
  public static let serialReplyLimit = Duration.seconds(30)

  public enum State: Equatable, Sendable {
    case stopped(StopEvent)
    case running
    /// Detached, killed, ended or lost: nothing can be asked any more.
    case ended
  }

  public let endpoint: Endpoint
  /// The QEMU that kdbg started; nil for an attached machine.
  public let emulator: QEMUProcess?
  public internal(set) var state = State.running
  public var systemRegistersPolicy = SystemRegistersPolicy.everyStop {
    didSet { systemRegisters.removeAll() }
  }

  let client: GDBClient
  let layout: RegisterLayout
  let dialect: StubDialect
  let farewell: Farewell
  /// What ended the session, if something went wrong.
  var ending: SessionError?
  var failure: SessionError?

  var selected: ThreadIdentifier?
  /// The selected processor's `g` packet, nil while it is not known.
  var packet: RegisterPacket?
  var core: RegisterFile? { didSet { complete = nil } }
  /// The same with all that is known beside the packet, once somebody asked; asked for again and again at a stop.
  var complete: RegisterFile?
  /// What is known of the control registers in ``core``.
  var controlRegisters: ControlRegisters?
  /// Their last resort, until it turns out that there is none.
  var monitorMayShowRegisters = true
  /// By processor number.
  var systemRegisters: [Int: SystemRegisters] = [:] { didSet { complete = nil } }
  /// By processor number; kept until ``learnProcessor(borrowing:)`` is called again.
  var modelSpecific: [Int: ModelSpecificRegisters] = [:] { didSet { complete = nil } }
  var cpuIndices: [ThreadIdentifier: Int]?
  var knownAddressBits: Int??
  var knownAccelerator: Accelerator??
  var breakpoints: Set<Breakpoint> = []
  var stepping = BreakpointStepping.untested
  /// The processors that have stopped or stepped since the machine was let go on last.
  var standing: Set<ThreadIdentifier> = []
  var stopsSinceDrain = 0
  /// Where QEMU's interrupt log goes while it is on.
  var recorder: InterruptLog?
  /// Made at the first use, which may ask the monitor.
  var chosenSource: ChosenSource? { didSet { mapped = chosenSource?.source as? MappedPhysicalSource } }
  /// The same where it is the RAM file.
  private(set) var mapped: MappedPhysicalSource?
  /// The only way that may be taken, where somebody said so.
  var requiredWay: MemoryWay?

  /// Takes over a connection whose stub has a stopped machine, or stops it by being connected to.
  init(_ client: GDBClient, emulator: QEMUProcess?) throws(SessionError) {
    self.client = client
    self.emulator = emulator
    endpoint = client.endpoint
    let features = try client.negotiate()
    layout = try RegisterLayout(reading: client, features)
    dialect = try StubDialect(client, features)
    farewell = Farewell(client, dialect)
    do throws(SessionError) {
      try dialect.prepare(client)
      try takeInitialStop()
    } catch {
      try? dialect.restore(client)
      // The connection is still good for a last word, which is the caller's.
      state = .ended
      throw error
    }
    if let emulator { knownAccelerator = .some(emulator.accelerator) }
    if emulator?.lifetime != .session { farewell.arm() }
  }

  /// Attaches to a stub that listens at `endpoint`. The machine is stopped by it. Without a `limit` for replies the
  /// line's own holds.
  public static func attach(
    _ endpoint: Endpoint = .standard, replyLimit limit: Duration? = nil
  ) throws(SessionError) -> Target {
    let replyLimit = limit ?? endpoint.replyLimit
    let connection = try Socket.connect(endpoint, until: Deadline(after: replyLimit))
    let client = GDBClient(connection, endpoint, limit: replyLimit)
    do {
      return try Target(client, emulator: nil)
    } catch {
      client.abandon()
      throw error
    }
  }

  /// Starts QEMU, stopped before its first instruction, and attaches to it.
  public static func launch(_ options: LaunchOptions) throws(SessionError) -> Target {
    let emulator = try QEMUProcess(options)
    let client = GDBClient(emulator.gdbConnection, emulator.gdbEndpoint, limit: standardReplyLimit)
    return try Target(client, emulator: emulator)
  }

  deinit {
    // An attached machine goes on as if kdbg had never been there.
    guard state != .ended else { return }
    farewell.say()
    close()
  }

  // MARK: The end

  /// Removes kdbg's breakpoints, restores the stub's memory mode and lets the machine run. Ends a QEMU that kdbg
  /// started, unless it is ``EmulatorLifetime/kept``.
  public func detach() throws(SessionError) {
    if let emulator, emulator.lifetime == .session { return kill() }
    try attempt { () throws(SessionError) in
      if state == .running { try stopForDetach() }
      if state == .ended { return }
      try stopRecording()
      for breakpoint in breakpoints { try remove(breakpoint) }
      try dialect.restore(client)
      try client.request(dialect.detachRequest(selected), "detach").requireOK("detach")
    }
    close()
  }

  /// Ends the machine: QEMU and, where a stub knows the request, whatever else runs it.
  public func kill() {
    if let emulator {
      close()
      emulator.terminate()
    } else if state != .ended {
      // Never answered.
      if state == .running { try? stopForDetach() }
      try? client.send(Array("k".utf8), "kill")
      close()
    }
  }

  /// Leaves the connection to the next client.
  func close() {
    state = .ended
    recorder?.remove()
    recorder = nil
    farewell.disarm()
    client.connection.hangUp()
  }

  // MARK: Failure

  /// The first failure inside a call that cannot throw (``registers``, ``load(_:)``); taking it forgets it.
  public func takeFailure() -> SessionError? {
    defer { failure = nil }
    return failure
  }

  /// Runs `body`, and ends the session when its error means that the target is lost.
  func attempt<Value>(_ body: () throws(SessionError) -> Value) throws(SessionError) -> Value {
    if state == .ended { throw ending ?? .ended }
    do {
      return try body()
    } catch {
      guard error.category == .lost else { throw error }
      let cause = diagnosis(of: error)
      ending = cause
      close()
      throw cause
    }
  }

  /// The same where nothing can be thrown.
  func attemptQuietly<Value>(_ body: () throws(SessionError) -> Value?) -> Value? {
    do {
      return try attempt(body)
    } catch {
      if failure == nil { failure = error }
      return nil
    }
  }

  /// A closed connection is explained by what QEMU's process came to.
  func diagnosis(of error: SessionError) -> SessionError {
    guard error == .connectionClosed, let status = emulator?.waitForExit(limit: .seconds(20)) else {
      return error
    }
    return .emulatorEnded(status)
  }

  func requireStopped(resumable: Bool) throws(SessionError) {
    switch state {
    case .ended: throw ending ?? .ended
    case .running: throw .running
    case .stopped(.shutdown) where resumable: throw .needsReset
    case .stopped: break
    }
  }
}

extension Endpoint {
  /// How long a stub there may take to answer, unless somebody says otherwise.
  fileprivate var replyLimit: Duration {
    if case .serial = self { Target.serialReplyLimit } else { Target.standardReplyLimit }
  }
}
