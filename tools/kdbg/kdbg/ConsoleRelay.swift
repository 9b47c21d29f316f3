import Render
import Synchronization

/// Hands the guest's output on to the terminal, as plain text.
final class ConsoleRelay: Sendable {
  private let filter = Mutex(ConsoleFilter())

  func pass(_ bytes: [UInt8], onError: Bool) {
    StandardStreams.console(filter.withLock { $0.pass(bytes) }, onError: onError)
  }
}
