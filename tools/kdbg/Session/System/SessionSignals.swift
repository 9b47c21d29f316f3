import Foundation
import Glibc

/// SIGINT as a request that waits can see; SIGTERM and SIGHUP as an orderly end.
public enum SessionSignals {
  /// Blocks the three signals in this thread and all that it starts, and serves them on a thread of its own, where
  /// all of the library may be used: SIGINT sets ``InterruptRequest/shared``; SIGTERM and SIGHUP run
  /// ``SessionCleanup`` and end the process with 128 + number. To be called first thing in `main`.
  public static func install() {
    // A closed terminal or pipe is an error of the write, not the end of kdbg.
    signal(SIGPIPE, SIG_IGN)
    var blocked = set()
    // SAFETY: the sets are these functions' own.
    unsafe pthread_sigmask(SIG_BLOCK, &blocked, nil)
    Thread.detachNewThread {
      var awaited = set()
      while true {
        var number: Int32 = 0
        // SAFETY: as above.
        guard unsafe sigwait(&awaited, &number) == 0 else { continue }
        if number == SIGINT {
          InterruptRequest.shared.set()
        } else {
          SessionCleanup.shared.run()
          _exit(128 + number)
        }
      }
    }
  }

  private static func set() -> sigset_t {
    var signals = sigset_t()
    // SAFETY: the set is this function's own.
    unsafe sigemptyset(&signals)
    for number in [SIGINT, SIGTERM, SIGHUP] { unsafe sigaddset(&signals, number) }
    return signals
  }
}
