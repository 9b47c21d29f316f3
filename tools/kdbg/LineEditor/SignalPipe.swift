import Glibc

/// A pipe that carries no data, only the fact that a signal came: its reading end can be polled.
struct SignalPipe: Sendable {
  let readingEnd: CInt
  let writingEnd: CInt

  /// Nil when the process has no descriptors left.
  init?() {
    var ends: (CInt, CInt) = (-1, -1)
    // SAFETY: a tuple of two equal types is laid out like the array of two that pipe fills.
    let status = unsafe withUnsafeMutableBytes(of: &ends) {
      unsafe pipe($0.assumingMemoryBound(to: CInt.self).baseAddress)
    }
    guard status == 0 else { return nil }
    for end in [ends.0, ends.1] {
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
      _ = fcntl(end, F_SETFL, O_NONBLOCK)
    }
    (readingEnd, writingEnd) = ends
  }

  /// Async-signal-safe: one `write`, and errno as it was. A full pipe already says what there is to say.
  static func post(to writingEnd: CInt) {
    guard writingEnd >= 0 else { return }
    let saved = errno
    var mark: UInt8 = 1
    // SAFETY: one byte that lives across the call.
    _ = unsafe write(writingEnd, &mark, 1)
    errno = saved
  }

  /// Empties the pipe; true when there was something in it.
  static func drain(_ readingEnd: CInt) -> Bool {
    guard readingEnd >= 0 else { return false }
    var found = false
    var marks: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    // SAFETY: `marks` lives across the call, and its size is given.
    while unsafe read(readingEnd, &marks, MemoryLayout.size(ofValue: marks)) > 0 { found = true }
    return found
  }
}
