import X86

extension Examiner {
  /// Names the cause of the first failure of `chain`.
  func classify(_ chain: DeliveryChain, isDecoded: Bool) -> Diagnosis {
    var diagnosis = Diagnosis(.unexplained, .signature)
    diagnosis.event = chain.event
    diagnosis.eventIsDecoded = isDecoded
    diagnosis.chain = chain
    guard let attempt = chain[0], let failure = attempt.failure else {
      diagnosis.cause = .ringThreeException
      return diagnosis
    }
    diagnosis.evidence = failure.evidence
    if attempt.stack != nil, attempt.stack != .current, failure.step != .handlerFetch,
      failure.step != .handlerCanonical, registers.taskRegister?.selector.isNull == true
    {
      diagnosis.cause = .taskRegisterNotLoaded
      diagnosis.rule = .taskRegisterLoaded
      diagnosis.evidence = .value(.taskRegisterSelector, 0)
      return diagnosis
    }
    let isFinal = chain.end == .shutdown
    switch failure.step {
    case .gateLimit:
      diagnosis.cause = gateCause(chain)
      diagnosis.rule = .interruptTableLimit
    case .gatePrivilege:
      diagnosis.cause = gateCause(chain)
      diagnosis.rule = .gatePrivilege
    case .gateType, .gatePresent:
      diagnosis.cause = gateCause(chain)
      diagnosis.rule = .gatePresentAndType
    case .gateRead:
      diagnosis.cause = isFinal ? .tablesUnmapped : .interruptTableUnmapped
      diagnosis.rule = .interruptTableMapped
    case .selector, .descriptorKind, .descriptorPresent, .descriptorMode:
      diagnosis.cause = .codeDescriptorUnusable
      diagnosis.rule = .kernelCodeDescriptor
    case .descriptorRead:
      diagnosis.cause = .tablesUnmapped
      diagnosis.rule = .globalTableMapped
    case .stackSlotLimit:
      diagnosis.cause = .taskStateLimit
      diagnosis.rule = .taskStateLimit
    case .stackSlotRead:
      diagnosis.cause = .tablesUnmapped
      diagnosis.rule = .taskStateMapped
    case .stackPointerCanonical:
      diagnosis.cause = .stackPointerNonCanonical
      diagnosis.rule = isInterruptStack(attempt) ? .interruptStackUsable : .rsp0Canonical
    case .handlerCanonical:
      diagnosis.cause = .gateUnusable
      diagnosis.rule = .gateOffsetCanonical
    case .push: classifyPush(attempt, failure, chain, &diagnosis)
    case .accessedBit:
      diagnosis.cause = .accessedBitNotWritable
      diagnosis.rule = .globalTableAccessedBits
    case .handlerFetch:
      diagnosis.cause = handlerCause(failure)
      diagnosis.rule =
        diagnosis.cause == .gateEntersRingThree ? .kernelCodeDescriptor : .handlerPageExecutable
    }
    return diagnosis
  }

  private func isInterruptStack(_ attempt: DeliveryAttempt) -> Bool {
    if case .interruptStack = attempt.stack { true } else { false }
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

  private func classifyPush(
    _ attempt: DeliveryAttempt, _ failure: DeliveryFailure, _ chain: DeliveryChain,
    _ diagnosis: inout Diagnosis
  ) {
    diagnosis.rule = isInterruptStack(attempt) ? .interruptStackUsable : .rsp0FramePagesWritable
    guard case .access(let walk, _, _) = failure.evidence else { return }
    // The first push below a stack pointer of 0 wraps to the top of the address space.
    if walk.address.rawValue >= 0 &- InterruptFrame.byteCountWithErrorCode {
      diagnosis.cause = .stackPointerZero
      if !isInterruptStack(attempt) { diagnosis.rule = .rsp0Initialised }
      return
    }
    switch walk.outcome {
    case .reservedBits:
      diagnosis.cause = .stackReservedBits
      diagnosis.rule = .noReservedBits
    case .mapped:
      diagnosis.cause = walk.rights.isWritable ? .stackUserAccessible : .stackReadOnly
    case .notPresent, .nonCanonical, .unreadable:
      if isInterruptStack(attempt) {
        diagnosis.cause = .interruptStackUnmapped
      } else if let pointer = attempt.stackPointer,
        walk.address.rawValue != InterruptFrame.top(for: pointer) &- 8
      {
        diagnosis.cause = .stackTooShort
      } else if diagnosis.eventIsDecoded, case .externalInterrupt = chain.event {
        diagnosis.cause = .interruptOnUnmappedStack
      } else {
        diagnosis.cause = .stackUnmapped
      }
    }
  }

  private func handlerCause(_ failure: DeliveryFailure) -> Cause {
    guard case .access(let walk, let access, _) = failure.evidence else { return .handlerUnmapped }
    if access == .userFetch { return .gateEntersRingThree }
    guard walk.physicalAddress != nil else { return .handlerUnmapped }
    return walk.rights.isExecutable ? .handlerOnUserPage : .handlerNotExecutable
  }
}
