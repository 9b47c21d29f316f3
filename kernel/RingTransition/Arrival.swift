import X86

/// Which stack an entry pushes to. SDM Vol. 3A, 6.14.2, 6.14.5.
public enum EntryStackChoice: Equatable, Sendable {
  /// The one in use: no change of privilege, and the gate names no IST slot.
  case current
  /// RSP0, RSP1 or RSP2.
  case ring(UInt8)
  /// IST1...IST7.
  case interruptStack(UInt8)
}

/// One vector that the processor tried to deliver, or one `syscall`.
public struct DeliveryAttempt: Sendable {
  /// Nil for `syscall`.
  public let vector: UInt8?
  public let errorCode: UInt64?
  /// Nil while no gate was found, so that no stack was chosen.
  public let stack: EntryStackChoice?
  /// The stack pointer found there, before it is aligned; nil while it could not be read.
  public let stackPointer: UInt64?
  /// Nil for the attempt that arrived.
  public let failure: DeliveryFailure?
}

/// Where a delivery arrived.
public struct Arrival: Equatable, Sendable {
  public let vector: UInt8
  public let handler: VirtualAddress
  public let errorCode: UInt64?
  public let savedRIP: UInt64
  /// The flags image in the frame. RF differs between engines, so it proves nothing.
  public let savedRFlags: RFlags
  /// The first byte above the frame.
  public let stackTop: UInt64
  public let stack: EntryStackChoice
  /// The privilege at which the handler runs: 0 unless the gate names a segment of Ring 3.
  public let privilege: UInt8

  /// RSP at the handler's first instruction.
  public var handlerStackPointer: UInt64 {
    stackTop
      &- (errorCode == nil ? InterruptFrame.byteCount : InterruptFrame.byteCountWithErrorCode)
  }
}
