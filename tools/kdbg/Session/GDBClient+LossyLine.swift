import RemoteProtocol

// What a client does about bytes that do not arrive, or arrive twice: see ``Line/lossy(patience:)``.
extension GDBClient {
  /// Asks which thread is current, and passes over all that comes before the answer. Whatever was sent twice was
  /// answered by then, because a line keeps the order: no late answer can be taken for that to the next request.
  func resynchronise(_ operation: String) throws(SessionError) {
    isOutOfStep = false
    enqueue(Self.mark)
    try flush(operation)
    _ = try reply(operation)
    isOutOfStep = false
  }

  static let mark = Array("qC".utf8)

  /// `QC` begins the answer to ``mark`` alone; a stub that does not know it says nothing.
  static func isMark(_ packet: [UInt8]) -> Bool { packet.starts(with: Array("QC".utf8)) }

  /// True for a late answer to something else: what was sent twice may be answered twice.
  func isStale(_ packet: [UInt8]) -> Bool {
    guard line != .reliable || repetitions > 0 else { return false }
    return Self.isMark(packet) != (lastFrame == Self.mark) && !packet.isEmpty
  }

  /// The next packet of a wait for a stop. On a lossy line a request that was not acknowledged goes out again, and so
  /// does an interrupt; once acknowledged, the stop reply is asked for, because a stub may not take a second request
  /// while the machine runs.
  func stopPacket(
    until deadline: Deadline, interrupt: InterruptRequest?
  ) throws(SessionError) -> [UInt8]? {
    guard case .lossy(let patience) = line else {
      return try packet("wait", until: deadline, interrupt: interrupt)
    }
    return try persistently("wait", until: deadline, patience, interrupt) { () throws(SessionError) in
      if outstanding > 0, !isAcknowledged { return try sendAgain(lastFrame, "wait") }
      if isInterrupting {
        noteRepetition()
        queue.write(0x03)
        try flush("interrupt")
      } else {
        try askAgain("wait")
      }
    }
  }

  /// The next packet; whenever nothing came for the length of `patience`, which doubles each time up to a second,
  /// does something about it.
  func persistently(
    _ operation: String, until deadline: Deadline, _ patience: Duration, _ interrupt: InterruptRequest? = nil,
    _ insist: () throws(SessionError) -> Void
  ) throws(SessionError) -> [UInt8]? {
    var patience = patience
    var start = ContinuousClock.now
    while true {
      do {
        let turn = Deadline(at: max(start, lastArrival) + patience, or: deadline)
        return try packet(operation, until: turn, interrupt: interrupt)
      } catch {
        guard case .timedOut = error else { throw error }
        if deadline.hasPassed {
          ending = error
          throw .timedOut(operation: operation, limit: deadline.limit)
        }
        ending = nil
        // A long reply takes its time.
        guard max(start, lastArrival) + patience <= .now else { continue }
        try insist()
        start = .now
        patience = max(min(patience * 2, .seconds(1)), line.patience)
      }
    }
  }
}
