public import X86

/// What a target offers beyond the required core.
public struct TargetCapabilities: RegisterBits {
  public let rawValue: UInt64
  public init(rawValue: UInt64) { self.rawValue = rawValue }

  /// Z0.
  public static let softwareBreakpoints = TargetCapabilities(rawValue: 1 << 0)
  /// Z1.
  public static let hardwareBreakpoints = TargetCapabilities(rawValue: 1 << 1)
  /// Z2.
  public static let writeWatchpoints = TargetCapabilities(rawValue: 1 << 2)
  /// Z3, which x86 hardware cannot do: its watchpoints see reads and writes.
  public static let readWatchpoints = TargetCapabilities(rawValue: 1 << 3)
  /// Z4.
  public static let accessWatchpoints = TargetCapabilities(rawValue: 1 << 4)
  /// The target says `softwareBreakpoint`, `hardwareBreakpoint` or `watchpoint` as the cause of each such stop, and
  /// reports a software breakpoint at the address of the breakpoint itself. Conditions and commands need it too.
  public static let breakpointCauses = TargetCapabilities(rawValue: 1 << 5)
  /// ``MemorySpace/physical``.
  public static let physicalMemory = TargetCapabilities(rawValue: 1 << 6)
  /// ``TargetMemory/readExactly(_:width:in:)`` and its counterpart.
  public static let exactAccess = TargetCapabilities(rawValue: 1 << 7)
  /// ``TargetMaps/memoryMapEntry(_:)``.
  public static let memoryMap = TargetCapabilities(rawValue: 1 << 8)
  /// ``TargetMaps/region(containing:in:)``.
  public static let regions = TargetCapabilities(rawValue: 1 << 9)
  /// ``TargetMonitor/monitor(_:_:to:)``.
  public static let monitor = TargetCapabilities(rawValue: 1 << 10)
  /// The caller acts on ``StubOutcome/reset``.
  public static let reset = TargetCapabilities(rawValue: 1 << 11)
  /// The caller acts on ``StubOutcome/killed``.
  public static let kill = TargetCapabilities(rawValue: 1 << 12)

  /// What the debug registers and `int3` can do: all but watching reads alone, with causes.
  public static var processorBreakpoints: TargetCapabilities {
    softwareBreakpoints | hardwareBreakpoints | writeWatchpoints | accessWatchpoints | breakpointCauses
  }
}
