import Foundation
import Synchronization

/// What must not outlive kdbg.
///
/// A QEMU whose ``EmulatorLifetime`` is the session's is also bound to kdbg by a parent-death signal, and its
/// files have no names any more once it runs: this is the orderly way, for every end but `kill -9`.
public final class SessionCleanup: Sendable {
  public static let shared = SessionCleanup()

  private let actions = Mutex<[Int: @Sendable () -> Void]>([:])
  private let nextNumber = Mutex(0)

  private init() {
    atexit { SessionCleanup.shared.run() }
  }

  /// Registers `action` for the end; the number takes it back.
  @discardableResult public func add(_ action: @escaping @Sendable () -> Void) -> Int {
    let number = nextNumber.withLock { number in
      number += 1
      return number
    }
    actions.withLock { $0[number] = action }
    return number
  }

  public func remove(_ number: Int) { _ = actions.withLock { $0.removeValue(forKey: number) } }

  /// Does all that is registered, latest first, once. Safe on any thread; not inside a signal handler, for which
  /// there is ``SessionSignals``. Also registered with `atexit`.
  public func run() {
    let pending = actions.withLock { actions in
      defer { actions = [:] }
      return actions.sorted { $0.key > $1.key }
    }
    for (_, action) in pending { action() }
  }
}
