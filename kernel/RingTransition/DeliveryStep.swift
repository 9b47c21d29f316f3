import X86

/// The steps of a delivery in the order in which the processor takes them. SDM Vol. 3A, 6.12, 6.14; Vol. 2A,
/// INT n.
public enum DeliveryStep: UInt8, Equatable, Sendable {
  /// The gate lies inside the IDT's limit.
  case gateLimit
  /// The gate is read.
  case gateRead
  /// It is an interrupt or trap gate.
  case gateType
  /// An instruction may use it.
  case gatePrivilege
  case gatePresent
  /// Its selector is not null and inside its table.
  case selector
  /// The code descriptor is read.
  case descriptorRead
  /// The descriptor is a code segment that may be entered from here.
  case descriptorKind
  case descriptorPresent
  /// L=1 and D=0.
  case descriptorMode
  /// RSP0 or the IST word lies inside the TSS's limit.
  case stackSlotLimit
  /// RSP0 or the IST word is read.
  case stackSlotRead
  case stackPointerCanonical
  /// The gate's offset.
  case handlerCanonical
  /// The frame is written, SS first.
  case push
  /// The code descriptor's accessed bit is set.
  case accessedBit
  /// The handler's first instruction is fetched: the frame is complete and the privilege has changed.
  case handlerFetch
  /// `syscall`: EFER.SCE allows it.
  case systemCallEnabled
  /// The handler's first instruction is reached with a trap pending: TF that SFMASK left set, or the breakpoint that
  /// MOV SS put off.
  case pendingTrap
}

/// The step at which a delivery failed, and the exception that this raised.
public struct DeliveryFailure: Sendable {
  public let step: DeliveryStep
  public let exception: ExceptionVector
  public let errorCode: UInt64
  /// What CR2 receives; nil when the exception is not #PF.
  public let faultAddress: UInt64?
  public let evidence: Evidence
}
