public import RemoteProtocol

/// Why the machine stands.
public struct StopReason: Equatable, Sendable {
  public enum Cause: Equatable, Sendable {
    /// Whatever the signal says.
    case signal
    /// An `int3` of the stub's; RIP is back at its address.
    case softwareBreakpoint
    case hardwareBreakpoint
    /// An access to a watched address.
    case watchpoint(Watchpoint)
    /// The one instruction of a step was executed.
    case step
  }

  public var cause: Cause
  public var signal: StopSignal
  public var thread: TargetThread

  public init(_ cause: Cause, signal: StopSignal = .trap, thread: TargetThread) {
    self.cause = cause
    self.signal = signal
    self.thread = thread
  }
}

/// Signals in the numbering of the remote protocol. GDB's include/gdb/signals.def.
public enum StopSignal: UInt8, Equatable, Sendable {
  case interrupt = 2
  case illegalInstruction = 4
  case trap = 5
  case abort = 6
  case arithmetic = 8
  case bus = 10
  case segmentation = 11
}

/// What the machine shall do next.
public struct ResumePlan: Equatable, Sendable {
  public enum Motion: UInt8, Equatable, Sendable {
    case run
    /// One instruction of ``thread``, then back to the stub with the cause `step`.
    case step
  }

  public enum Others: UInt8, Equatable, Sendable {
    /// The other threads run as the scheduler has it.
    case run
    /// Only ``thread`` may run.
    case hold
  }

  public var motion: Motion
  /// The thread that ``motion`` speaks of.
  public var thread: TargetThread
  public var others: Others
  /// What the client passes on, 0 for nothing: after a stop with an exception, whether the kernel shall see it.
  public var signal: UInt8

  public init(_ motion: Motion, _ thread: TargetThread, others: Others = .run, signal: UInt8 = 0) {
    self.motion = motion
    self.thread = thread
    self.others = others
    self.signal = signal
  }
}

/// Being resumed.
public protocol TargetExecution: ~Copyable {
  /// Throws when the machine cannot do this; the client is told and the machine stays where it is. The caller of the
  /// stub carries the plan out when ``Stub/enterStopped(_:)`` gives it back.
  ///
  /// A breakpoint at the address where the machine stands does not trigger for the first instruction.
  mutating func prepare(_ plan: ResumePlan) throws(Refusal)

  /// Says more about a stop than its signal does, in UTF-8: clients show it when the stop is reported. Nothing by
  /// default.
  mutating func describe<Sink: ByteSink & ~Copyable>(_ stop: StopReason, to sink: inout Sink)
}

extension TargetExecution where Self: ~Copyable {
  public mutating func prepare(_ plan: ResumePlan) throws(Refusal) {}
  public mutating func describe<Sink: ByteSink & ~Copyable>(_ stop: StopReason, to sink: inout Sink) {}
}
