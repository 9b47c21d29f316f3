import Foundation
import Synchronization

/// Who may speak on a connection: the session, or, once it ends, the ``Farewell`` on a thread of its own. A stub must not
/// be sent a command for its monitor while it answers another, nor anything but 0x03 while its machine runs: QEMU 7.2
/// does not survive all of that.
final class Custody: Sendable {
  private struct State {
    var isTaken = false
    var outstanding = 0
  }

  private let state = Mutex(State())

  /// Takes the connection away from the session, for good. Gives how many requests have no reply yet.
  func take() -> Int {
    state.withLock { state in
      state.isTaken = true
      return state.outstanding
    }
  }

  /// To be called before every read and write of the session. Does not return once the connection was taken: the
  /// process is about to end, and what the session did next would only spoil its last words.
  func pass() {
    while state.withLock({ $0.isTaken }) { sleep(1) }
  }

  func note(outstanding count: Int) { state.withLock { $0.outstanding = count } }
}
