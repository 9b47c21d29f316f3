import Glibc
import Synchronization

/// Ctrl-C as something to ask for: while a command runs, it polls ``descriptor`` or asks ``consume()``.
///
/// The terminal sends SIGINT to its whole foreground process group, so a QEMU that shares the group must be put
/// in one of its own.
public enum InterruptFlag {
  private static let readingEnd = Atomic<CInt>(-1)
  private static let writingEnd = Atomic<CInt>(-1)

  /// Makes SIGINT set the flag instead of ending the process. Once, early, from the main thread; further calls
  /// change nothing.
  public static func install() {
    guard readingEnd.load(ordering: .relaxed) < 0, let pipe = SignalPipe() else { return }
    readingEnd.store(pipe.readingEnd, ordering: .relaxed)
    writingEnd.store(pipe.writingEnd, ordering: .relaxed)
    _ = SignalAction.install(SIGINT) { _ in
      SignalPipe.post(to: InterruptFlag.writingEnd.load(ordering: .relaxed))
    }
    // Whoever started the process may have blocked the signal, and a mask is inherited.
    SignalAction.unblock(SIGINT)
  }

  /// True when Ctrl-C was pressed since the last time; the flag is clear afterwards.
  public static func consume() -> Bool { SignalPipe.drain(descriptor) }

  /// Readable while the flag is set, for `poll`; -1 before ``install()``. Belongs to the flag: never to be read
  /// or closed.
  public static var descriptor: CInt { readingEnd.load(ordering: .relaxed) }
}
