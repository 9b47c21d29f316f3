import X86

extension Examiner {
  /// Names the cause of the first failure of `chain`.
  func classify(_ chain: DeliveryChain, isDecoded: Bool) -> Diagnosis {
    var diagnosis = Diagnosis(.unexplained, .signature)
    diagnosis.event = chain.event
    diagnosis.eventIsDecoded = isDecoded
    diagnosis.chain = chain
    var first = 0
    // #UD is no more than the event where even that did not arrive.
    if chain[0]?.failure?.step == .systemCallEnabled, chain[1]?.failure != nil { first = 1 }
    guard let attempt = chain[first], let failure = attempt.failure else {
      diagnosis.cause = .ringThreeException
      return diagnosis
    }
    diagnosis.evidence = failure.evidence
    if attempt.stack != nil, attempt.stack != .current, failure.step != .handlerFetch,
      failure.step != .handlerCanonical, failure.step != .pendingTrap,
      registers.taskRegister?.selector.isNull == true
    {
      diagnosis.cause = .taskRegisterNotLoaded
      diagnosis.rule = .taskRegisterLoaded
      diagnosis.evidence = .value(.taskRegisterSelector, 0)
      return diagnosis
    }
    diagnosis.rule = attempt.rule
    diagnosis.cause = cause(attempt, failure, chain, isDecoded: isDecoded)
    return diagnosis
  }

  private func cause(
    _ attempt: DeliveryAttempt, _ failure: DeliveryFailure, _ chain: DeliveryChain, isDecoded: Bool
  ) -> Cause {
    if attempt.entersAnotherRing {
      return attempt.leadsInward ? .codeDescriptorUnusable : .gateEntersRingThree
    }
    switch failure.step {
    case .gateLimit, .gatePrivilege, .gateType, .gatePresent: return gateCause(chain)
    case .gateRead: return chain.end == .shutdown ? .tablesUnmapped : .interruptTableUnmapped
    case .selector, .descriptorKind, .descriptorPresent, .descriptorMode: return .codeDescriptorUnusable
    case .descriptorRead, .stackSlotRead: return .tablesUnmapped
    case .stackSlotLimit: return .taskStateLimit
    case .stackPointerCanonical: return .stackPointerNonCanonical
    case .handlerCanonical: return attempt.vector == nil ? .systemCallTarget : .gateUnusable
    case .push: return pushCause(attempt, failure, chain, isDecoded: isDecoded)
    case .accessedBit: return .accessedBitNotWritable
    case .systemCallEnabled: return .systemCallDisabled
    case .pendingTrap: return .trapOnEntry
    case .handlerFetch: return attempt.vector == nil ? .systemCallTarget : handlerCause(failure)
    }
  }

  /// A bad gate is the kernel's mistake in that gate for `int n`; an exception that met one was ordinary.
  private func gateCause(_ chain: DeliveryChain) -> Cause {
    guard case .exception(let exception, _, _) = chain.event else { return .gateUnusable }
    if exception == .pageFault { return .pageFaultGateUnusable }
    if case .delivered(let arrival) = chain.end,
      arrival.vector == ExceptionVector.segmentNotPresent.rawValue
        || arrival.vector == ExceptionVector.generalProtection.rawValue
    {
      return .gateUnusable
    }
    return .exceptionGateUnusable
  }

  private func pushCause(
    _ attempt: DeliveryAttempt, _ failure: DeliveryFailure, _ chain: DeliveryChain, isDecoded: Bool
  ) -> Cause {
    guard case .access(let walk, _, _) = failure.evidence else { return .stackPointerNonCanonical }
    if walk.isJustBelowZero { return .stackPointerZero }
    switch walk.outcome {
    case .reservedBits: return .stackReservedBits
    case .mapped: return walk.rights.isWritable ? .stackUserAccessible : .stackReadOnly
    case .notPresent, .nonCanonical, .unreadable: break
    }
    if attempt.usesInterruptStack { return .interruptStackUnmapped }
    if let pointer = attempt.stackPointer, walk.address.rawValue != InterruptFrame.top(for: pointer) &- 8 {
      return .stackTooShort
    }
    if isDecoded, case .externalInterrupt = chain.event { return .interruptOnUnmappedStack }
    return .stackUnmapped
  }

  private func handlerCause(_ failure: DeliveryFailure) -> Cause {
    guard case .access(let walk, _, _) = failure.evidence else { return .handlerUnmapped }
    guard walk.physicalAddress != nil else { return .handlerUnmapped }
    return walk.rights.isExecutable ? .handlerOnUserPage : .handlerNotExecutable
  }
}
