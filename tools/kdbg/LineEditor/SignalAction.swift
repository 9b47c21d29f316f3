import Glibc

/// What the process does on one signal, kept so that it can be put back.
struct SignalAction {
  let signal: CInt
  private var action: sigaction

  /// What is done now.
  static func current(_ signal: CInt) -> SignalAction {
    var now = sigaction()
    // SAFETY: the structure lives across the call.
    unsafe sigaction(signal, nil, &now)
    return SignalAction(signal: signal, action: now)
  }

  /// Sets a handler, which may only do what is async-signal-safe, and keeps what was there before. System calls
  /// are restarted, except `poll`, which never is.
  static func install(_ signal: CInt, _ handler: @escaping @convention(c) (CInt) -> Void) -> SignalAction {
    var new = sigaction()
    // SAFETY: without SA_SIGINFO this member of the union is the one that counts.
    unsafe new.__sigaction_handler.sa_handler = handler
    new.sa_flags = SA_RESTART
    return replace(signal, with: new)
  }

  /// Sets the system's default and keeps what was there before.
  static func setDefault(_ signal: CInt) -> SignalAction {
    var new = sigaction()
    // SAFETY: as above.
    unsafe new.__sigaction_handler.sa_handler = SIG_DFL
    return replace(signal, with: new)
  }

  /// Lets the calling thread receive `signal`.
  static func unblock(_ signal: CInt) {
    var set = sigset_t()
    // SAFETY: `set` lives across the calls.
    unsafe sigemptyset(&set)
    unsafe sigaddset(&set, signal)
    unsafe pthread_sigmask(SIG_UNBLOCK, &set, nil)
  }

  /// True for a signal that the process was told to ignore, as by `nohup`.
  var isIgnored: Bool {
    // SAFETY: only the number of the pointer is looked at, which for SIG_IGN is no function's.
    unsafe unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
      == unsafeBitCast(SIG_IGN, to: Int.self)
  }

  private static func replace(_ signal: CInt, with new: sigaction) -> SignalAction {
    var new = new
    var old = sigaction()
    // SAFETY: both structures live across the call; the handler is a C function, which never goes away.
    unsafe sigaction(signal, &new, &old)
    return SignalAction(signal: signal, action: old)
  }

  /// Puts this action back. Async-signal-safe.
  func restore() {
    var action = action
    // SAFETY: the structure lives across the call, and came from the system.
    unsafe sigaction(signal, &action, nil)
  }
}
