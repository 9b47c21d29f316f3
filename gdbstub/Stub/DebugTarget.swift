/// What a stub debugs: an x86-64 machine that stands still.
///
/// The core is required: registers, memory, threads, and being resumed. Everything else has a default that offers
/// nothing; ``TargetCapabilities`` says what there really is, and a client is told of nothing else. One file per part:
///
/// | part | protocol |
/// |---|---|
/// | registers by name | ``TargetRegisters`` |
/// | linear and physical memory | ``TargetMemory`` |
/// | threads | ``TargetThreads`` |
/// | being resumed, and words for a stop | ``TargetExecution`` |
/// | breakpoints and watchpoints | ``TargetBreakpoints`` |
/// | memory map and regions | ``TargetMaps`` |
/// | `monitor` | ``TargetMonitor`` |
public protocol DebugTarget: TargetRegisters, TargetMemory, TargetThreads, TargetExecution, TargetBreakpoints,
  TargetMaps, TargetMonitor, ~Copyable
{
  static var capabilities: TargetCapabilities { get }

  /// What lldb is told that the machine is.
  static var triple: StaticString { get }
}

extension DebugTarget where Self: ~Copyable {
  public static var triple: StaticString { "x86_64-unknown-none" }
}
