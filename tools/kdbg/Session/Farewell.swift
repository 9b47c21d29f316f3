import Foundation
import Synchronization

/// What is said to an attached stub when kdbg ends without a proper detach: a closed socket alone would leave the
/// machine stopped, with kdbg's breakpoints in it. Sent blindly, without waiting for a reply, because it must
/// work from any thread and in any state.
final class Farewell: Sendable {
  private struct Words {
    var isRunning = false
    var breakpoints: [[UInt8]] = []
    var monitorCommands: [String] = []
    var thread: ThreadIdentifier?
    var cleanup: Int?
  }

  private let connection: Descriptor
  private let dialect: StubDialect
  private let words = Mutex(Words())

  init(_ connection: Descriptor, _ dialect: StubDialect) {
    self.connection = connection
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
    let words = words.withLock { words in
      defer { words.cleanup = nil }
      return words
    }
    guard words.cleanup != nil else { return }
    if words.isRunning {
      _ = connection.write([0x03])
      // The machine must have stopped before it takes packets.
      usleep(100_000)
    }
    // A command of the monitor may be under way; QEMU must have answered it before the next one.
    if !words.monitorCommands.isEmpty { usleep(100_000) }
    var requests = words.breakpoints
    for command in words.monitorCommands { requests.append(GDBClient.monitorRequest(command)) }
    if let mode = dialect.initialMode { requests.append(mode.request) }
    requests.append(dialect.detachRequest(words.thread))
    _ = connection.write([UInt8(ascii: "+")] + requests.flatMap { PacketQueue.framed($0) })
    // Closing at once would drop what QEMU has not read yet.
    usleep(20_000)
  }
}
