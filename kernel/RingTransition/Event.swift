import X86

/// What makes the processor leave the interrupted program. SDM Vol. 3A, 6.3, 6.4.
public enum Event: Equatable, Sendable {
  /// `int n`, two bytes long. The gate's DPL counts.
  case softwareInterrupt(UInt8)
  /// `int3`, one byte long: vector 3, the gate's DPL counts.
  case breakpointInstruction
  /// An exception that an instruction raised, with its error code where it has one. The address is CR2's for
  /// #PF, 0 otherwise.
  case exception(ExceptionVector, errorCode: UInt64, address: UInt64)
  /// A maskable interrupt from a controller.
  case externalInterrupt(UInt8)
  case nonMaskableInterrupt
  /// `int n` right behind a MOV to SS whose operand hit a data breakpoint: #DB is put off until after the `int`.
  /// SDM Vol. 3A, 6.8.3.
  case softwareInterruptAfterStackSwitch(UInt8)
  /// `syscall`, two bytes long: no vector, no gate, no stack switch.
  case systemCall

  /// Nil for `syscall`.
  public var vector: UInt8? {
    switch self {
    case .softwareInterrupt(let vector), .externalInterrupt(let vector),
      .softwareInterruptAfterStackSwitch(let vector):
      vector
    case .breakpointInstruction: ExceptionVector.breakpoint.rawValue
    case .exception(let exception, _, _): exception.rawValue
    case .nonMaskableInterrupt: ExceptionVector.nonMaskableInterrupt.rawValue
    case .systemCall: nil
    }
  }

  /// Bytes of the instruction that asked for the event; 0 when none did. The saved RIP points after it.
  public var instructionLength: UInt64 {
    switch self {
    case .softwareInterrupt, .softwareInterruptAfterStackSwitch, .systemCall: 2
    case .breakpointInstruction: 1
    case .exception, .externalInterrupt, .nonMaskableInterrupt: 0
    }
  }

  var isSoftware: Bool { instructionLength != 0 }

  /// How a fault during the delivery of this event is judged. `int n` is benign whatever its number.
  var faultClass: FaultClass {
    if case .exception(let exception, _, _) = self { exception.faultClass } else { .benign }
  }

  /// What is pushed below the frame.
  var errorCode: UInt64? {
    guard case .exception(let exception, let code, _) = self, exception.pushesErrorCode else { return nil }
    return code
  }

  /// What CR2 holds when delivery starts, nil when the event does not write it.
  var faultAddress: UInt64? {
    guard case .exception(.pageFault, _, let address) = self else { return nil }
    return address
  }
}
