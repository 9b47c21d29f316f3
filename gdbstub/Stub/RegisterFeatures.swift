public import X86

/// Groups of registers that a target may have.
public struct RegisterFeatures: RegisterBits {
  public let rawValue: UInt64
  public init(rawValue: UInt64) { self.rawValue = rawValue }

  /// xmm0 to xmm15 and mxcsr.
  public static let sse = RegisterFeatures(rawValue: 1 << 0)
  /// Control registers, descriptor-table registers with their bases and limits, the SYSCALL MSRs, debug registers.
  public static let system = RegisterFeatures(rawValue: 1 << 1)
}
