import RemoteProtocol

public typealias ThreadIdentifier = RemoteProtocol.ThreadIdentifier
public typealias Watchpoint = RemoteProtocol.Watchpoint

/// Why the machine no longer runs.
public enum StopEvent: Equatable, Sendable {
  /// Stopped by a breakpoint, a step, a watchpoint (5, SIGTRAP) or an interrupt (2, SIGINT). `thread` is nil
  /// where the stub does not say.
  case signal(UInt8, thread: ThreadIdentifier?, watch: Watchpoint?)
  /// The machine ended in an orderly way: the status that QEMU's process left, or the one the stub reports.
  case exited(status: Int32)
  /// The processor shut down and QEMU holds it there. Registers and memory can be read; it never runs again.
  case shutdown(ShutdownCause)
  /// The target went away.
  case lost(SessionError)

  /// SIGTRAP in the numbering of the remote protocol.
  public static let trapSignal: UInt8 = 5
  /// SIGINT in the numbering of the remote protocol.
  public static let interruptSignal: UInt8 = 2
}

/// What made QEMU hold the machine.
public enum ShutdownCause: Equatable, Sendable {
  /// A reset that `-no-reboot` turned into a stop: a triple fault, or a write to a reset port.
  case reset
  /// The guest powered off.
  case powerOff
  /// An emulator that kdbg did not start does not say.
  case unknown
}

/// How a process ended.
public enum ProcessStatus: Equatable, Sendable {
  case exited(Int32)
  case signalled(Int32)
}

/// What to stop at.
public enum BreakpointKind: Hashable, Sendable {
  case software
  case hardware
  /// `byteCount` is 1, 2, 4 or 8.
  case watchWrite(byteCount: Int)
  case watchRead(byteCount: Int)
  case watchAccess(byteCount: Int)
}
