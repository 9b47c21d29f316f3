import X86

extension DeliveryAttempt {
  /// The rule whose violation made this attempt fail; nil when it did not.
  public var rule: Rule? {
    guard let failure else { return nil }
    // Whatever then goes wrong with the stack: it is not one that the kernel has.
    if entersAnotherRing { return .kernelCodeDescriptor }
    switch failure.step {
    case .gateLimit: return .interruptTableLimit
    case .gateRead: return refused(failure, .interruptTableMapped)
    case .gateType:
      // A gate of the right type is refused for what stands in its upper half.
      if case .gate(_, let gate) = failure.evidence, gate.type != nil { return .gateReservedBits }
      return .gatePresentAndType
    case .gatePrivilege: return .gatePrivilege
    case .gatePresent: return .gatePresentAndType
    case .selector, .descriptorKind, .descriptorPresent, .descriptorMode: return .kernelCodeDescriptor
    case .descriptorRead: return refused(failure, .globalTableMapped)
    case .stackSlotLimit: return .taskStateLimit
    case .stackSlotRead: return refused(failure, .taskStateMapped)
    case .stackPointerCanonical: return usesInterruptStack ? .interruptStackUsable : .rsp0Canonical
    case .push: return pushRule(failure)
    case .accessedBit: return .globalTableAccessedBits
    case .systemCallEnabled: return .systemCallEnabled
    case .pendingTrap: return vector == nil ? .systemCallMask : .noBreakpointOnEntry
    case .handlerCanonical: return vector == nil ? .systemCallTarget : .gateOffsetCanonical
    case .handlerFetch:
      return vector == nil ? .systemCallTarget : .handlerPageExecutable
    }
  }

  /// True when the gate's segment leads to Ring 1 or 2, or leaves the program in Ring 3.
  var entersAnotherRing: Bool {
    if leadsInward { return true }
    guard case .access(_, let access, _) = failure?.evidence else { return false }
    return access.isUser
  }

  /// True for Ring 1 and Ring 2.
  var leadsInward: Bool { if case .ring(let ring) = stack { ring != 0 } else { false } }

  var usesInterruptStack: Bool { if case .interruptStack = stack { true } else { false } }

  /// `rule`, unless the path itself is malformed.
  private func refused(_ failure: DeliveryFailure, _ rule: Rule) -> Rule {
    if case .access(let walk, _, _) = failure.evidence, case .reservedBits = walk.outcome {
      return .noReservedBits
    }
    return rule
  }

  private func pushRule(_ failure: DeliveryFailure) -> Rule {
    guard case .access(let walk, _, _) = failure.evidence else { return .rsp0FramePagesWritable }
    if case .reservedBits = walk.outcome { return .noReservedBits }
    if usesInterruptStack { return .interruptStackUsable }
    return walk.isJustBelowZero ? .rsp0Initialised : .rsp0FramePagesWritable
  }
}

extension PageWalk {
  /// True for the first pushes below a stack pointer of 0, which wrap to the top of the address space.
  var isJustBelowZero: Bool { address.rawValue >= 0 &- InterruptFrame.byteCountWithErrorCode }
}
