import Foundation
import Glibc
import Synchronization

/// SIGINT as a request that waits can see; SIGTERM and SIGHUP as an orderly end.
public enum SessionSignals {
  /// The writing end of the pipe that carries signal numbers; -1 before ``install()``.
  private static let writingEnd = Atomic<CInt>(-1)

  /// Serves the three signals on a thread of their own, where all of the library may be used: SIGINT sets
  /// ``InterruptRequest/shared``; SIGTERM and SIGHUP run ``SessionCleanup`` and end the process with
  /// 128 + number. One that the process was told to ignore, as by `nohup`, stays ignored. Once, early in `main`.
  public static func install() {
    // A closed terminal or pipe is an error of the write, not the end of kdbg.
    signal(SIGPIPE, SIG_IGN)
    guard let pipe = try? Descriptor.pipe() else { return }
    writingEnd.store(pipe.writing.number, ordering: .relaxed)
    Thread.detachNewThread {
      var number: [UInt8] = [0]
      while case .bytes = pipe.reading.read(into: &number) { serve(CInt(number[0])) }
      // Held as long as there is a handler: for ever.
      _ = pipe.writing
    }
    for number in [SIGINT, SIGTERM, SIGHUP] { handle(number) }
  }

  private static func serve(_ number: CInt) {
    guard number != SIGINT else { return InterruptRequest.shared.set() }
    SessionCleanup.shared.run()
    _exit(128 + number)
  }

  private static func handle(_ number: CInt) {
    let previous = signal(number) { number in
      // Async-signal-safe: one `write`, and errno as it was.
      let saved = errno
      var byte = UInt8(truncatingIfNeeded: number)
      // SAFETY: one byte that lives across the call.
      _ = unsafe write(SessionSignals.writingEnd.load(ordering: .relaxed), &byte, 1)
      errno = saved
    }
    // SAFETY: only the pointer's number is looked at, which for SIG_IGN is no function's.
    let wasIgnored = unsafe unsafeBitCast(previous, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
    if wasIgnored { signal(number, SIG_IGN) }
    // Whoever started kdbg may have blocked it, and a mask is inherited.
    var set = sigset_t()
    // SAFETY: the set lives across the calls.
    unsafe sigemptyset(&set)
    unsafe sigaddset(&set, number)
    unsafe pthread_sigmask(SIG_UNBLOCK, &set, nil)
  }
}
