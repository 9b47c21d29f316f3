import Foundation
import RemoteProtocol
import Synchronization

/// What is said to an attached stub when kdbg ends without a proper detach: a closed socket alone would leave the
/// machine stopped, with kdbg's breakpoints in it. It works from any thread and in any state: the session is kept from
/// speaking, what it was being told is waited for, and one thing is said at a time.
final class Farewell: Sendable {
  /// How long all of it may take; kdbg was told to end.
  private static let limit = Duration.seconds(3)

  private struct Words {
    var isRunning = false
    var breakpoints: [[UInt8]] = []
    var monitorCommands: [String] = []
    var thread: ThreadIdentifier?
    var cleanup: Int?
  }

  private let connection: Descriptor
  private let custody: Custody
  private let dialect: StubDialect
  private let words = Mutex(Words())

  init(_ client: GDBClient, _ dialect: StubDialect) {
    connection = client.connection
    custody = client.custody
    self.dialect = dialect
  }

  /// To be said when the process ends.
  func arm() {
    let number = SessionCleanup.shared.add { [self] in say() }
    words.withLock { $0.cleanup = number }
  }

  /// Not to be said any more.
  func disarm() {
    let number = words.withLock { words in
      defer { words.cleanup = nil }
      return words.cleanup
    }
    if let number { SessionCleanup.shared.remove(number) }
  }

  func update(isRunning: Bool, thread: ThreadIdentifier?) {
    words.withLock { words in
      words.isRunning = isRunning
      words.thread = thread
    }
  }

  func update(breakpointRemovals: [[UInt8]]) { words.withLock { $0.breakpoints = breakpointRemovals } }

  /// `commands` of QEMU's monitor turn off what must not go on without kdbg.
  func update(afterwards commands: [String]) { words.withLock { $0.monitorCommands = commands } }

  /// Says it, once, if it is armed.
  func say() {
    let isArmed = words.withLock { words in
      defer { words.cleanup = nil }
      return words.cleanup != nil
    }
    guard isArmed else { return }
    let outstanding = custody.take()
    let words = words.withLock { $0 }
    var exchange = Exchange(connection, Deadline(after: Self.limit))
    if words.isRunning {
      exchange.interrupt()
    } else {
      for _ in 0..<outstanding where exchange.isAnswered { exchange.takeReply() }
    }
    for removal in words.breakpoints { exchange.say(removal) }
    // Not to a monitor that may still be at work.
    for command in words.monitorCommands where exchange.isAnswered {
      exchange.say(GDBClient.monitorRequest(command))
    }
    if let mode = dialect.initialMode { exchange.say(mode.request) }
    exchange.say(dialect.detachRequest(words.thread))
  }
}

/// One request and its reply at a time, with little patience for either.
private struct Exchange {
  private let connection: Descriptor
  private let deadline: Deadline
  private var stream = PacketStream()
  /// False once a reply did not come.
  private(set) var isAnswered = true

  init(_ connection: Descriptor, _ deadline: Deadline) {
    self.connection = connection
    self.deadline = deadline
  }

  /// Sends `request` and waits for its reply.
  mutating func say(_ request: [UInt8]) {
    send([UInt8(ascii: "+")] + PacketQueue.framed(request))
    takeReply()
  }

  /// Waits for the reply to what was asked before.
  mutating func takeReply() {
    if !awaits({ _ in true }) { isAnswered = false }
  }

  /// Stops the machine: it takes no packets while it runs.
  mutating func interrupt() {
    send([0x03])
    if !awaits({ Self.isStop($0) }) { isAnswered = false }
  }

  private func send(_ bytes: [UInt8]) {
    var sent = 0
    while sent < bytes.count {
      switch connection.write(bytes, from: sent) {
      case .bytes(let count): sent += count
      case .closed: return
      case .wouldBlock:
        guard Readiness.wait([(connection.number, .writable)], until: deadline)[0] else { return }
      }
    }
  }

  /// Waits for a packet that is `wanted`; output of the monitor is passed over.
  private mutating func awaits(_ isWanted: ([UInt8]) -> Bool) -> Bool {
    while true {
      switch stream.next() {
      case .packet(let byteCount):
        let packet = stream.packet(byteCount)
        send([UInt8(ascii: "+")])
        let isOutput = packet.first == UInt8(ascii: "O") && !Reply(bytes: packet).isOK
        if !isOutput, isWanted(packet) { return true }
      case .none:
        guard Readiness.wait([(connection.number, .readable)], until: deadline)[0] else { return false }
        switch stream.fill(from: connection) {
        case .bytes: break
        case .wouldBlock: continue
        case .closed: return false
        }
      default: break
      }
    }
  }

  private static func isStop(_ packet: [UInt8]) -> Bool {
    packet.first == UInt8(ascii: "T") || packet.first == UInt8(ascii: "S")
  }
}
