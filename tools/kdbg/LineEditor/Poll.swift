import Glibc

/// Waits for several descriptors at once.
enum Poll {
  /// What `poll` said of one descriptor.
  struct Readiness {
    let events: CInt
    var isReadable: Bool { events & POLLIN != 0 }
    /// The other side is gone: nothing will come after what is still readable.
    var isHungUp: Bool { events & (POLLHUP | POLLERR) != 0 }
    /// Not an open descriptor.
    var isInvalid: Bool { events & POLLNVAL != 0 }
    var isReady: Bool { events != 0 }
  }

  /// Waits without limit until one of `descriptors` is ready or a signal was handled. Negative ones are never
  /// ready.
  static func wait(_ descriptors: [CInt]) -> [Readiness] {
    var waiting = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    // SAFETY: the array lends its elements for the call.
    let count = unsafe poll(&waiting, nfds_t(waiting.count), -1)
    return waiting.map { Readiness(events: count > 0 ? CInt($0.revents) : 0) }
  }
}
