import X86

/// The interrupted program ran in Ring 0: an `iretq`, a handler's first instruction, a stack that ended, or an
/// ordinary fault.
extension Examiner {
  mutating func examineKernel<Memory: PhysicalMemory & ~Copyable>(
    _ observation: Observation, _ memory: inout Memory
  ) -> Diagnosis {
    if let diagnosis = failedReturn(observation, &memory) { return diagnosis }
    if let diagnosis = failedSystemCall(observation, &memory) { return diagnosis }
    if let diagnosis = trapOnEntry(observation, &memory) { return diagnosis }
    if let diagnosis = handlerFetch(observation, &memory) { return diagnosis }
    if observation.located == nil, let diagnosis = lostKernel(observation, &memory) { return diagnosis }
    if let diagnosis = recursion(observation, &memory) { return diagnosis }
    if let diagnosis = stackEnd(observation, &memory) { return diagnosis }
    if let diagnosis = wrongBase(observation, &memory) { return diagnosis }
    if let diagnosis = sharedDoubleFaultStack(observation, &memory) { return diagnosis }
    return Diagnosis(.kernelException, .guess)
  }

  /// RIP = a gate's offset: the entry worked, and its first instruction could not be fetched.
  private mutating func handlerFetch<Memory: PhysicalMemory & ~Copyable>(
    _ observation: Observation, _ memory: inout Memory
  ) -> Diagnosis? {
    let context = observation.context
    let isCanonical = VirtualAddress(context.rip).isCanonical(auditor.mode.depth)
    let exception: ExceptionVector = isCanonical ? .pageFault : .generalProtection
    guard !isCanonical || registers.cr2 == context.rip,
      observation.vector ?? exception.rawValue == exception.rawValue,
      let entered = vectorEntered(at: context.rip, &memory), let gate = auditor.gate(entered, &memory)
    else { return nil }
    var diagnosis = Diagnosis(
      .gateUnusable, .signature, evidence: .gate(vector: entered, gate), rule: .gateOffsetCanonical)
    if isCanonical {
      let probe = auditor.probe(context.rip, .supervisorFetch, &memory)
      guard case .violated(let evidence) = probe.verdict else { return nil }
      diagnosis.cause =
        if probe.walk.physicalAddress == nil {
          .handlerUnmapped
        } else if probe.walk.rights.isExecutable {
          .handlerOnUserPage
        } else {
          .handlerNotExecutable
        }
      diagnosis.evidence = evidence
      diagnosis.rule = diagnosis.cause.rule
    }
    // The interrupted program's own frame lies just above: replay what entered here.
    guard let (event, program) = entryEvent(entered, frameAt: context.rsp, &memory) else { return diagnosis }
    let replay = replay(event, to: program, observation, &memory)
    diagnosis.event = event
    diagnosis.eventIsDecoded = event.isSoftware
    diagnosis.chain = replay.chain
    if replay.isProven { diagnosis.confidence = .proven }
    return diagnosis
  }

  /// A triple fault in Ring 0 under a table that does not map the code at RIP.
  private mutating func lostKernel<Memory: PhysicalMemory & ~Copyable>(
    _ observation: Observation, _ memory: inout Memory
  ) -> Diagnosis? {
    let context = observation.context
    let probe = auditor.probe(context.rip, .supervisorFetch, &memory)
    guard case .violated(let evidence) = probe.verdict else { return nil }
    var diagnosis = Diagnosis(.tablesLackKernel, .signature, evidence: evidence)
    guard case .pageFault(let code) = probe.result else { return diagnosis }
    let event = Event.exception(.pageFault, errorCode: code.rawValue, address: context.rip)
    let replay = replay(event, to: context, observation, &memory)
    diagnosis.event = event
    diagnosis.chain = replay.chain
    if replay.isProven { diagnosis.confidence = .proven }
    return diagnosis
  }

  /// #DB at a handler's first instruction: a breakpoint on the entry code, or one that MOV SS put off until after the
  /// `int`.
  private func trapOnEntry<Memory: PhysicalMemory & ~Copyable>(
    _ observation: Observation, _ memory: inout Memory
  ) -> Diagnosis? {
    let context = observation.context
    guard observation.vector == ExceptionVector.debug.rawValue,
      let entered = vectorEntered(at: context.rip, &memory)
    else { return nil }
    var diagnosis = Diagnosis(
      .trapOnEntry, .signature, evidence: .value(.frameRIP, context.rip), rule: .noBreakpointOnEntry)
    guard
      case (.softwareInterrupt(let vector), let program)? = entryEvent(entered, frameAt: context.rsp, &memory)
    else { return diagnosis }
    let event = Event.softwareInterruptAfterStackSwitch(vector)
    let replay = replay(event, to: program, observation, &memory)
    diagnosis.event = event
    diagnosis.chain = replay.chain
    if replay.isProven { diagnosis.confidence = .proven }
    return diagnosis
  }

  /// An instruction with a GS prefix that faults at an address of Ring 3: the base is not the kernel's.
  private func wrongBase<Memory: PhysicalMemory & ~Copyable>(
    _ observation: Observation, _ memory: inout Memory
  ) -> Diagnosis? {
    let context = observation.context
    let isNonCanonical = observation.vector == ExceptionVector.generalProtection.rawValue
    guard isNonCanonical || !VirtualAddress(registers.cr2).isUpperHalf, usesGS(context.rip, &memory) else {
      return nil
    }
    let current = registers.gsBase
    let hidden = registers.kernelGSBase
    if let current, let hidden, isKernelBase(current), isKernelBase(hidden) { return nil }
    if let current, isKernelBase(current), hidden == nil { return nil }
    // A swapped pair shows the right base in the other register; otherwise it was never set.
    let evidence: Evidence? =
      if let current, let hidden, isKernelBase(hidden) {
        .mismatch(.gsBase, actual: current, expected: hidden)
      } else if let hidden {
        .value(.kernelGSBase, hidden)
      } else if let current {
        .value(.gsBase, current)
      } else {
        nil
      }
    let isKnown = current != nil || hidden != nil
    let cause: Cause = hasReturnAbove(context.rsp, &memory) ? .returnFaultWithUserBase : .swapgsImbalance
    return Diagnosis(cause, isKnown ? .signature : .guess, evidence: evidence)
  }

  private func isKernelBase(_ base: UInt64) -> Bool {
    let address = VirtualAddress(base)
    return address.isUpperHalf && address.isCanonical(auditor.mode.depth)
  }

  /// True when the instruction at `rip` has a GS prefix. SDM Vol. 2A, 2.1.1: at most four legacy prefixes.
  private func usesGS<Memory: PhysicalMemory & ~Copyable>(_ rip: UInt64, _ memory: inout Memory) -> Bool {
    for offset in UInt64(0)..<4 {
      switch auditor.codeByte(rip &+ offset, &memory) {
      case 0x65: return true
      case 0x66, 0x67, 0xf0, 0xf2, 0xf3: continue
      default: return false
      }
    }
    return false
  }

  /// True when the frame of a fault at an `iretq` or `sysretq` lies within the handler's own part of the stack.
  private func hasReturnAbove<Memory: PhysicalMemory & ~Copyable>(
    _ rsp: UInt64, _ memory: inout Memory
  ) -> Bool {
    var distance: UInt64 = 0
    while distance < 512 {
      let address = rsp &+ distance
      if let rip = auditor.load(address, &memory), VirtualAddress(rip).isUpperHalf,
        returnKind(rip, &memory) != nil, let frame = readFrame(at: address, &memory), isPlausible(frame),
        !frame.isUser
      {
        return true
      }
      distance += 8
    }
    return false
  }
}
