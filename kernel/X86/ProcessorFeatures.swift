/// What CPUID would say. A debugger cannot execute it, so each feature is there, absent or not known.
public struct ProcessorFeatures: Equatable, Sendable {
  private var known: UInt8 = 0
  private var present: UInt8 = 0

  /// Nothing is known.
  public init() {}

  /// Nil when it is not known.
  public func has(_ feature: ProcessorFeature) -> Bool? {
    known & feature.bit == 0 ? nil : present & feature.bit != 0
  }

  public mutating func set(_ feature: ProcessorFeature, _ isPresent: Bool) {
    known |= feature.bit
    if isPresent { present |= feature.bit } else { present &= ~feature.bit }
  }
}

/// The features whose absence changes a judgement. SDM Vol. 2A, CPUID.
public enum ProcessorFeature: UInt8, Equatable, Sendable {
  /// CPUID 7:EBX[7].
  case supervisorExecutionPrevention
  /// CPUID 7:EBX[20].
  case supervisorAccessPrevention
  /// CPUID 7:ECX[2].
  case userModeInstructionPrevention
  /// CPUID 8000_0001H:EDX[26].
  case gigabytePages
  /// CPUID 1:EDX[7].
  case machineCheckException

  var bit: UInt8 { 1 << rawValue }
}

/// Who made the processor: a few instructions differ.
public enum ProcessorVendor: UInt8, Equatable, Sendable {
  case unknown
  case intel
  case amd
}
