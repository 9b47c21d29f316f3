public import RemoteProtocol

/// What a command of the target's may want to know of the stub.
public struct MonitorContext: Sendable {
  /// The thread that the client has selected.
  public let thread: TargetThread
  public let statistics: LinkStatistics
}

/// The target's own commands: gdb's `monitor`, lldb's `process plugin packet monitor`.
public protocol TargetMonitor: ~Copyable {
  /// Carries out a command line (no newline at its end). What is written to `output`, UTF-8 with newlines, reaches
  /// the client while the command runs. A refusal is shown after it.
  mutating func monitor<Output: ByteSink & ~Copyable>(
    _ command: Span<UInt8>, _ context: MonitorContext, to output: inout Output
  ) throws(Refusal)
}

extension TargetMonitor where Self: ~Copyable {
  public mutating func monitor<Output: ByteSink & ~Copyable>(
    _ command: Span<UInt8>, _ context: MonitorContext, to output: inout Output
  ) throws(Refusal) {
    throw Refusal(Refusal.invalid, "no monitor here")
  }
}
