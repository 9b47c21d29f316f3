import RemoteProtocol

/// The client's half of the remote protocol on one connection. Every wait has a limit.
///
/// After a failure of the connection, or a wait that ran out, replies could no longer be told apart; every later
/// call then throws the same error.
final class GDBClient {
  /// When received packets are acknowledged.
  enum Acknowledgement: Equatable {
    /// At once, as the manual has it.
    case immediate
    /// With the next request. QEMU's gdbserver takes it, and on a unix socket it must be so: it writes the many
    /// packets of a long monitor reply without reading, and both sides would wait for each other.
    case deferred
    /// Never: both sides agreed to do without.
    case off
  }

  /// How many requests may wait for their replies; more would only fill buffers.
  static let window = 64
  /// A stub acknowledges at once. One that has not by then did not get the request: it may still be booting, or the
  /// line lost bytes.
  private static let acknowledgementLimit = Duration.seconds(1)

  /// How long a reply may take.
  let limit: Duration
  let endpoint: Endpoint
  let line: Line
  var acknowledgement = Acknowledgement.immediate
  /// The largest payload that the stub takes, in bytes. What GDB assumes when a stub does not say.
  var packetSize = 400
  /// Set once the stub has answered.
  var features: StubFeatures?
  /// The stub's end as it told it itself, before it closed the connection.
  private(set) var farewell: StopReply?

  let connection: Descriptor
  /// Shared with the ``Farewell``.
  let custody = Custody()
  /// The machine was let go and has not stopped since: it takes 0x03 and nothing else.
  private var isResumed = false
  private var stream = PacketStream()
  var queue = PacketQueue()
  private var owedAcknowledgements = 0
  var lastFrame: [UInt8] = []
  var outstanding = 0 {
    didSet { custody.note(outstanding: outstanding) }
  }
  private var rejections = 0
  private var resends = 0
  /// True once anything came back for the last request.
  var isAcknowledged = false
  var ending: SessionError?
  /// Something was sent twice since the last ``resynchronise(_:)``, so an answer may come twice too.
  var isOutOfStep = false
  /// A 0x03 was sent, and no stop came yet.
  var isInterrupting = false
  /// When something last came in, of whatever kind.
  var lastArrival = ContinuousClock.now
  /// Requests and interrupts that were sent again, and replies that were asked for again.
  private(set) var repetitions = 0

  init(_ connection: Descriptor, _ endpoint: Endpoint, limit: Duration, line: Line? = nil) {
    self.connection = connection
    self.endpoint = endpoint
    self.limit = limit
    self.line = line ?? endpoint.line
  }

  /// Sends one request and gives its reply. Where the line has done damage, what is read is read until it comes twice
  /// in a row: of the packets that are hit, one in 256 has the right checksum.
  func request(_ payload: [UInt8], _ operation: String) throws(SessionError) -> Reply {
    try send(payload, operation)
    var answer = try reply(operation)
    guard line != .reliable, repetitions > 0, Self.reads(payload) else { return answer }
    let deadline = Deadline(after: limit)
    while !deadline.hasPassed {
      try send(payload, operation)
      let again = try reply(operation)
      if again.bytes == answer.bytes { return answer }
      answer = again
    }
    throw end(.timedOut(operation: operation, limit: limit))
  }

  /// Registers, memory, what `qXfer` gives, and what the stub says of itself: its answer to `qSupported` is the longest
  /// of all, and decides how it is spoken to.
  private static func reads(_ payload: [UInt8]) -> Bool {
    switch payload.first {
    case UInt8(ascii: "g"), UInt8(ascii: "p"), UInt8(ascii: "m"), UInt8(ascii: "x"): true
    default: descriptions.contains { payload.starts(with: $0) }
    }
  }

  private static let descriptions = ["qXfer", "qSupported", "qqemu.", "vCont?"].map { Array($0.utf8) }

  func request(_ text: String, _ operation: String) throws(SessionError) -> Reply {
    try request(Array(text.utf8), operation)
  }

  /// Sends all requests, several at a time, and gives their replies in order.
  func pipeline(_ requests: [[UInt8]], _ operation: String) throws(SessionError) -> [Reply] {
    var replies: [Reply] = []
    replies.reserveCapacity(requests.count)
    try pipeline(requests, operation) { (_, reply) throws(SessionError) in replies.append(reply) }
    return replies
  }

  /// The same with each reply handed on when it comes, while the stub works on the next ones.
  func pipeline(
    _ requests: [[UInt8]], _ operation: String, each: (Int, Reply) throws(SessionError) -> Void
  ) throws(SessionError) {
    var done = 0
    guard line == .reliable else {
      for payload in requests {
        try each(done, try request(payload, operation))
        done += 1
      }
      return
    }
    if isResumed { throw .running }
    if isOutOfStep { try resynchronise(operation) }
    var sent = 0
    var failure: SessionError?
    while done < requests.count {
      let first = sent
      while sent < requests.count, sent - done < Self.window {
        enqueue(requests[sent])
        sent += 1
      }
      // Refilled by halves, so that a write carries several requests.
      if sent > first { try flush(operation) }
      repeat {
        let reply = try reply(operation)
        // Whatever was asked is answered, and must be taken.
        if failure == nil {
          do { try each(done, reply) } catch { failure = error }
        }
        done += 1
      } while done < sent && sent - done > Self.window / 2
    }
    if let failure { throw failure }
  }

  /// Sends a request without waiting for its reply.
  func send(_ payload: [UInt8], _ operation: String) throws(SessionError) {
    if isResumed { throw .running }
    if isOutOfStep { try resynchronise(operation) }
    enqueue(payload)
    try flush(operation)
  }

  /// Sends a request that lets the machine go, whose reply is a stop.
  func resume(_ payload: [UInt8]) throws(SessionError) {
    try send(payload, "resume")
    isResumed = true
  }

  /// The reply to the oldest request that has none yet. A stop reply that nobody asked for is passed over: QEMU
  /// 7.2 sends one when a client connects to a machine that runs.
  func reply(_ operation: String) throws(SessionError) -> Reply {
    let deadline = Deadline(after: limit)
    while true {
      guard let packet = try repeatedPacket(operation, until: deadline) else { continue }
      if let stop = Self.stopReply(packet) {
        if case .signal = stop {} else { farewell = stop }
        continue
      }
      if isStale(packet) { continue }
      if line != .reliable {
        // Not before it is known to be the answer: the acknowledgement of a late one would count for the next reply.
        try acknowledge()
      }
      outstanding -= 1
      return Reply(bytes: packet)
    }
  }

  /// The next packet. A single request that nobody acknowledges is sent again, as the protocol has it.
  private func repeatedPacket(_ operation: String, until deadline: Deadline) throws(SessionError) -> [UInt8]?
  {
    if case .lossy(let patience) = line {
      return try persistently(operation, until: deadline, patience) { () throws(SessionError) in
        try sendAgain(lastFrame, operation)
      }
    }
    while true {
      guard !isAcknowledged, acknowledgement != .off, outstanding == 1, !deadline.hasPassed else {
        return try packet(operation, until: deadline, interrupt: nil)
      }
      do {
        let left = Duration.milliseconds(Int64(deadline.remainingMilliseconds))
        let patience = Deadline(after: min(Self.acknowledgementLimit, left))
        return try packet(operation, until: patience, interrupt: nil)
      } catch {
        guard case .timedOut = error else { throw error }
        ending = nil
        if deadline.hasPassed { throw end(.timedOut(operation: operation, limit: limit)) }
        guard !isAcknowledged else { continue }
        try sendAgain(lastFrame, operation)
        // The stub may have been slow, and not deaf.
        isOutOfStep = true
      }
    }
  }

  /// A request whose reply comes in several packets: the one just taken was not the last.
  func expectAnotherReply() { outstanding += 1 }

  /// What a wait for a stop came to.
  enum Stop {
    case reply(StopReply)
    case interruptRequested
    case none
  }

  /// Waits for a stop reply. `.none` after `deadline`; a request on `interrupt` ends the wait too.
  func stop(until deadline: Deadline, interrupt: InterruptRequest?) throws(SessionError) -> Stop {
    while true {
      do {
        guard let packet = try stopPacket(until: deadline, interrupt: interrupt) else {
          return .interruptRequested
        }
        // Console output of the stub (`O`) and the like are passed over.
        guard let stop = Self.stopReply(packet) else {
          // A stub that has the request has no other reply left to repeat.
          let isOutput = packet.first == UInt8(ascii: "O") && !Reply(bytes: packet).isOK
          if line != .reliable, isOutput { try acknowledge() }
          if line != .reliable, !isOutput { isAcknowledged = false }
          continue
        }
        if line != .reliable { try acknowledge() }
        outstanding = max(outstanding - 1, 0)
        isInterrupting = false
        isResumed = false
        return .reply(stop)
      } catch {
        // Nothing was due, so nothing is out of step.
        guard case .timedOut = error else { throw error }
        ending = nil
        return .none
      }
    }
  }

  /// Asks a running target to stop.
  func sendInterrupt() throws(SessionError) {
    isInterrupting = line != .reliable
    queue.write(0x03)
    try flush("interrupt")
  }

  /// A stop reply begins with a capital that no other reply begins with, except `OK`-like words it is not.
  private static func stopReply(_ packet: [UInt8]) -> StopReply? {
    switch packet.first {
    case UInt8(ascii: "T"), UInt8(ascii: "S"), UInt8(ascii: "W"), UInt8(ascii: "X"), UInt8(ascii: "N"):
      StopReply(packet.span)
    default: nil
    }
  }

  func enqueue(_ payload: [UInt8]) {
    for _ in 0..<owedAcknowledgements { queue.write(UInt8(ascii: "+")) }
    owedAcknowledgements = 0
    lastFrame = payload
    isAcknowledged = false
    rejections = 0
    resends = 0
    queue.frame(payload)
    outstanding += 1
  }

  func flush(_ operation: String) throws(SessionError) {
    if let ending { throw ending }
    let deadline = Deadline(after: limit)
    var sent = 0
    while sent < queue.bytes.count {
      custody.pass()
      switch connection.write(queue.bytes, from: sent) {
      case .bytes(let count): sent += count
      case .closed: throw end(.connectionClosed)
      case .wouldBlock:
        guard Readiness.wait([(connection.number, .writable)], until: deadline)[0] else {
          throw end(.timedOut(operation: operation, limit: limit))
        }
      }
    }
    queue.removeAll()
  }

  /// The next packet; nil when `interrupt` was requested first.
  func packet(
    _ operation: String, until deadline: Deadline, interrupt: InterruptRequest?
  ) throws(SessionError) -> [UInt8]? {
    if let ending { throw ending }
    while true {
      switch stream.next() {
      case .none:
        guard try receive(operation, until: deadline, interrupt: interrupt) else { return nil }
      case .packet(let byteCount):
        if line == .reliable { try acknowledge() }
        rejections = 0
        resends = 0
        isAcknowledged = true
        return stream.packet(byteCount)
      case .rejected(let rejection):
        try reject(rejection, operation)
        // A stub that sends nothing else is waited for no longer than one that is silent.
        if deadline.hasPassed { throw end(.timedOut(operation: operation, limit: deadline.limit)) }
      case .notAcknowledged:
        try resend(operation)
        if deadline.hasPassed { throw end(.timedOut(operation: operation, limit: deadline.limit)) }
      case .acknowledged: isAcknowledged = true
      case .began, .notification, .interrupt: break
      }
    }
  }

  /// Waits for bytes. False when `interrupt` was requested first.
  private func receive(
    _ operation: String, until deadline: Deadline, interrupt: InterruptRequest?
  ) throws(SessionError) -> Bool {
    while true {
      if let interrupt, interrupt.isPending { return false }
      var awaited = [(connection.number, Readiness.Wish.readable)]
      if let interrupt { awaited.append((interrupt.descriptor, .readable)) }
      let ready = Readiness.wait(awaited, until: deadline)
      if ready[0] {
        custody.pass()
        switch stream.fill(from: connection) {
        case .bytes:
          lastArrival = .now
          return true
        case .wouldBlock: continue
        case .closed: throw end(.connectionClosed)
        }
      }
      guard ready.contains(true) else {
        throw end(.timedOut(operation: operation, limit: deadline.limit))
      }
    }
  }

  private func acknowledge() throws(SessionError) {
    switch acknowledgement {
    case .off: break
    case .deferred: owedAcknowledgements += 1
    case .immediate:
      queue.write(UInt8(ascii: "+"))
      try flush("acknowledge")
    }
  }

  /// Asks for the packet again, a few times, where the protocol allows it.
  private func reject(_ rejection: PacketRejection, _ operation: String) throws(SessionError) {
    if case .oversized(let byteCount) = rejection {
      throw end(.unexpectedReply(operation: operation, reply: "a packet of \(byteCount) bytes"))
    }
    rejections += 1
    // With several on the way, the stub would repeat its last reply, which need not be this one.
    guard acknowledgement != .off, outstanding <= 1, rejections <= line.attempts else {
      throw end(.unexpectedReply(operation: operation, reply: "a packet with a wrong checksum"))
    }
    try askAgain(operation)
  }

  private func resend(_ operation: String) throws(SessionError) {
    // Damage can look like it when nothing is due.
    if line != .reliable, outstanding == 0 { return }
    resends += 1
    guard acknowledgement != .off, outstanding == 1, resends <= line.attempts else {
      throw end(.unexpectedReply(operation: operation, reply: "a request for repetition"))
    }
    try sendAgain(lastFrame, operation)
  }

  func sendAgain(_ payload: [UInt8], _ operation: String) throws(SessionError) {
    noteRepetition()
    queue.frame(payload)
    try flush(operation)
  }

  func askAgain(_ operation: String) throws(SessionError) {
    noteRepetition()
    queue.write(UInt8(ascii: "-"))
    try flush(operation)
  }

  func noteRepetition() {
    repetitions += 1
    isOutOfStep = line != .reliable
  }

  private func end(_ error: SessionError) -> SessionError {
    if ending == nil { ending = error }
    return error
  }
}
