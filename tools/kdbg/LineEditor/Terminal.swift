import Glibc
import Synchronization

/// The terminal of standard input while a prompt is shown: unbuffered, unechoed, and never to be left so.
enum Terminal {
  /// The settings that the shell left, once they are known.
  // SAFETY: written before the first prompt sets `isChanged`, and only read after that.
  nonisolated(unsafe) private static var original = termios()
  private static let isKnown = Atomic<Bool>(false)
  /// True while a prompt is shown.
  private static let isChanged = Atomic<Bool>(false)
  private static let marksPastes = Atomic<Bool>(false)

  /// Signals that end the process by default, with the terminal as it is: asked to end, or crashed.
  private static let endings: [CInt] = [
    SIGHUP, SIGQUIT, SIGTERM, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV,
  ]
  // SAFETY, for every use: changed by the thread that owns the editor only while none of the handlers is set that
  // read it.
  nonisolated(unsafe) private static var previous: [SignalAction] = []

  /// Keeps the present settings; the first call also has them put back at exit.
  static func remember() {
    guard !isKnown.load(ordering: .relaxed) else { return }
    // SAFETY: no handler reads `original` before `isKnown` is set.
    guard unsafe tcgetattr(STDIN_FILENO, &original) == 0 else { return }
    isKnown.store(true, ordering: .releasing)
    _ = atexit { Terminal.restore() }
  }

  /// To be called before readline changes the terminal: from now on every end of the process restores it.
  static func promptAppears(marksPastes: Bool) {
    self.marksPastes.store(marksPastes, ordering: .relaxed)
    // Known before the first handler is set, which may run at once.
    unsafe previous = endings.map { SignalAction.current($0) }
    for action in unsafe previous where !action.isIgnored {
      _ = SignalAction.install(action.signal) { Terminal.end(by: $0) }
    }
    isChanged.store(true, ordering: .sequentiallyConsistent)
  }

  /// To be called after readline has put the terminal back.
  static func promptDisappeared() {
    guard isChanged.exchange(false, ordering: .sequentiallyConsistent) else { return }
    for action in unsafe previous { action.restore() }
  }

  /// Puts the shell's settings back if a prompt is shown. Async-signal-safe.
  static func restore() {
    guard isKnown.load(ordering: .acquiring), isChanged.load(ordering: .sequentiallyConsistent) else {
      return
    }
    // The terminal of another job is not ours to change; trying would stop the process.
    guard tcgetpgrp(STDIN_FILENO) == getpgrp() else { return }
    let saved = errno
    if marksPastes.load(ordering: .relaxed) {
      let markPastesOff: StaticString = "\u{1b}[?2004l\r"
      // SAFETY: a static text and its length.
      _ = unsafe write(STDOUT_FILENO, markPastesOff.utf8Start, markPastesOff.utf8CodeUnitCount)
    }
    // SAFETY: `original` was filled before `isKnown` was set and does not change any more.
    _ = unsafe tcsetattr(STDIN_FILENO, TCSANOW, &original)
    errno = saved
  }

  /// A signal handler: restores the terminal and lets the signal do what it would have done without a prompt.
  private static func end(by signal: CInt) {
    restore()
    for (ending, action) in zip(endings, unsafe previous) where ending == signal { action.restore() }
    // Delivered when the handler returns. A crash would come again by itself, but not one that was sent.
    raise(signal)
  }
}
