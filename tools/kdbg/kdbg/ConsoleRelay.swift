import Commands
import Foundation
import Render
import Synchronization

/// Hands the guest's output on to the terminal, as plain text, and keeps the latest of it.
final class ConsoleRelay: GuestConsoleLog {
  private struct State {
    var filter = ConsoleFilter()
    var latest: [UInt8] = []
    var awaited: (text: AwaitedText, whenSeen: @Sendable () -> Void)?
  }

  private let state = Mutex(State())
  /// In bytes, before what is kept is cut down to half.
  private static let mostKept = 1 << 17

  /// Has `whenSeen` called once, on the relay's thread, when the guest has printed `text`.
  func await(_ text: String, whenSeen: @escaping @Sendable () -> Void) {
    state.withLock { $0.awaited = (AwaitedText(text), whenSeen) }
  }

  func pass(_ bytes: [UInt8], onError: Bool) {
    var whenSeen: (@Sendable () -> Void)?
    let plain = state.withLock { state in
      let plain = state.filter.pass(bytes)
      if state.awaited?.text.appears(in: plain) == true {
        whenSeen = state.awaited?.whenSeen
        state.awaited = nil
      }
      state.latest += plain
      if state.latest.count > Self.mostKept {
        state.latest.removeFirst(state.latest.count - Self.mostKept / 2)
      }
      return plain
    }
    StandardStreams.console(plain, onError: onError)
    whenSeen?()
  }

  var text: String { String(decoding: state.withLock { $0.latest }, as: UTF8.self) }

  func waitBriefly() { Thread.sleep(forTimeInterval: 0.005) }
}
