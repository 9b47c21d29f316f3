/// The exceptions that the architecture defines. SDM Vol. 3A, table 6-1.
public enum ExceptionVector: UInt8, Equatable, Sendable {
  case divideError = 0
  case debug = 1
  case nonMaskableInterrupt = 2
  case breakpoint = 3
  case overflow = 4
  case boundRange = 5
  case invalidOpcode = 6
  case deviceNotAvailable = 7
  case doubleFault = 8
  case invalidTSS = 10
  case segmentNotPresent = 11
  case stackSegment = 12
  case generalProtection = 13
  case pageFault = 14
  case floatingPoint = 16
  case alignmentCheck = 17
  case machineCheck = 18
  case simdFloatingPoint = 19
  case virtualization = 20
  case controlProtection = 21
  case hypervisorInjection = 28
  case vmmCommunication = 29
  case security = 30

  /// True when the processor pushes an error code.
  public var pushesErrorCode: Bool {
    switch self {
    case .doubleFault, .invalidTSS, .segmentNotPresent, .stackSegment, .generalProtection, .pageFault,
      .alignmentCheck, .controlProtection, .vmmCommunication, .security:
      true
    default: false
    }
  }

  /// The manual's mnemonic.
  public var mnemonic: StaticString {
    switch self {
    case .divideError: "#DE"
    case .debug: "#DB"
    case .nonMaskableInterrupt: "NMI"
    case .breakpoint: "#BP"
    case .overflow: "#OF"
    case .boundRange: "#BR"
    case .invalidOpcode: "#UD"
    case .deviceNotAvailable: "#NM"
    case .doubleFault: "#DF"
    case .invalidTSS: "#TS"
    case .segmentNotPresent: "#NP"
    case .stackSegment: "#SS"
    case .generalProtection: "#GP"
    case .pageFault: "#PF"
    case .floatingPoint: "#MF"
    case .alignmentCheck: "#AC"
    case .machineCheck: "#MC"
    case .simdFloatingPoint: "#XM"
    case .virtualization: "#VE"
    case .controlProtection: "#CP"
    case .hypervisorInjection: "#HV"
    case .vmmCommunication: "#VC"
    case .security: "#SX"
    }
  }

  /// How a second fault during its delivery is judged. SDM Vol. 3A, table 6-4.
  public var faultClass: FaultClass {
    switch self {
    case .divideError, .invalidTSS, .segmentNotPresent, .stackSegment, .generalProtection,
      .controlProtection:
      .contributory
    case .pageFault, .virtualization: .pageFault
    case .doubleFault: .doubleFault
    default: .benign
    }
  }
}

/// The classes of the double-fault table. SDM Vol. 3A, tables 6-4 and 6-5.
public enum FaultClass: UInt8, Equatable, Sendable {
  case benign
  case contributory
  case pageFault
  case doubleFault
}
