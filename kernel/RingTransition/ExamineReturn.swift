import X86

/// A fault at `iretq` or `sysretq` itself.
extension Examiner {
  /// The return instruction at `rip`; nil for another one.
  func returnKind<Memory: PhysicalMemory & ~Copyable>(_ rip: UInt64, _ memory: inout Memory) -> ReturnKind? {
    switch auditor.codeBytes(rip, &memory) {
    case Auditor.iretq: .iretq
    case 0x0f48 where auditor.codeByte(rip &+ 2, &memory) == 0x07: .sysretq
    default: nil
    }
  }

  func failedReturn<Memory: PhysicalMemory & ~Copyable>(
    _ observation: Observation, _ memory: inout Memory
  ) -> Diagnosis? {
    guard let kind = returnKind(observation.context.rip, &memory) else { return nil }
    let before = registersAtReturn(observation)
    if let fault = predictedFault(kind, before, observation, &memory) {
      return explain(fault, kind, before, observation, &memory)
    }
    if kind == .sysretq {
      // RCX may be gone, and this is the only #GP(0) that SYSRET raises in Ring 0.
      guard observation.vector == ExceptionVector.generalProtection.rawValue, observation.errorCode ?? 0 == 0
      else { return nil }
      return Diagnosis(.systemReturnAddress, .signature)
    }
    // What was refused is not in memory any more, or not known.
    guard observation.vector != ExceptionVector.pageFault.rawValue else { return nil }
    return Diagnosis(observation.errorCode ?? 0 == 0 ? .returnState : .returnSelector, .guess)
  }

  /// The registers as they were when the return was executed. The handler may have changed the general ones.
  private func registersAtReturn(_ observation: Observation) -> RegisterFile {
    var before = registers
    before.rip = observation.context.rip
    before.rsp = observation.context.rsp
    before.rflags = observation.context.rflags
    before.cs = observation.context.codeSelector
    before.ss = observation.context.stackSelector
    return before
  }

  /// The fault that the return raises on the present memory, where it is the one that was observed.
  private func predictedFault<Memory: PhysicalMemory & ~Copyable>(
    _ kind: ReturnKind, _ before: RegisterFile, _ observation: Observation, _ memory: inout Memory
  ) -> ReturnFault? {
    for position in -1..<Engine.presetCount {
      guard let engine = position < 0 ? stop.engine : Engine.preset(position) else { continue }
      var model = ReturnModel(registers: before, engine: engine)
      guard case .faults(let fault) = model.predict(kind, &memory), isObserved(fault, observation) else {
        continue
      }
      return fault
    }
    return nil
  }

  private func isObserved(_ fault: ReturnFault, _ observation: Observation) -> Bool {
    guard fault.context == observation.context else { return false }
    if let vector = observation.vector, vector != fault.exception.rawValue, vector != 8 { return false }
    if observation.vector == fault.exception.rawValue, let code = observation.errorCode,
      code != fault.errorCode
    {
      return false
    }
    // After a #DF or a shutdown CR2 is that of a later fault: only the whole chain tells.
    guard let address = fault.faultAddress, let vector = observation.vector, vector != 8 else { return true }
    // Which qword of the frame is read first differs between processors.
    let isInFrame = fault.rule == .frameReadable
    return isInFrame
      ? registers.cr2 >= observation.context.rsp
        && registers.cr2 < observation.context.rsp &+ InterruptFrame.byteCount
      : registers.cr2 == address
  }

  private func explain<Memory: PhysicalMemory & ~Copyable>(
    _ fault: ReturnFault, _ kind: ReturnKind, _ before: RegisterFile, _ observation: Observation,
    _ memory: inout Memory
  ) -> Diagnosis {
    let cause = fault.cause(star: registers.star, systemCalls: registers.efer.contains(.syscallEnable))
    let rule = cause == .systemCallSelectors ? cause.rule : fault.rule
    var diagnosis = Diagnosis(cause, .proven, evidence: fault.evidence, rule: rule, event: fault.event)
    // That STAR is to blame is certain only where it is known.
    if cause == .systemCallSelectors, registers.star == nil { diagnosis.confidence = .signature }
    let replay = replay(fault.event, to: observation.context, observation, &memory)
    diagnosis.chain = replay.chain
    diagnosis.eventIsDecoded = true
    if observation.located == nil, replay.isProven { nameMissingTables(replay.chain, &diagnosis) }
    // Behind a #DF the first fault is not seen; only the whole chain tells.
    if observation.vector == ExceptionVector.doubleFault.rawValue || observation.located == nil,
      !replay.isProven
    {
      diagnosis.confidence = .signature
    }
    return diagnosis
  }

  /// Whatever the return raised would have reached its handler: that it ended in a shutdown is due to the tables.
  private func nameMissingTables(_ chain: DeliveryChain, _ diagnosis: inout Diagnosis) {
    guard diagnosis.cause != .tablesUnmapped, let failure = chain.firstFailure else { return }
    switch failure.step {
    case .gateRead, .descriptorRead, .stackSlotRead: break
    default: return
    }
    diagnosis.cause = .tablesUnmapped
    diagnosis.evidence = failure.evidence
    diagnosis.rule = chain[0]?.rule
  }
}

extension ReturnFault {
  /// The row of the catalogue.
  func cause(star: UInt64?, systemCalls: Bool) -> Cause {
    switch rule {
    case .frameReadable: return .returnFrameUnreadable
    case .accessedBitsSettable: return .accessedBitNotWritable
    case .systemReturnAddress: return .systemReturnAddress
    case .systemCallEnabled: return .systemCallDisabled
    case .globalTableMapped: return .tablesUnmapped
    case .kernelNestedTaskClear, .ripCanonical: return .returnState
    default: break
    }
    guard case .descriptor(let selector, let descriptor, let problem) = evidence else { return .returnState }
    if problem == .nullSelector { return .returnState }
    // The right segment without its RPL: an interrupt saved what SYSRET had loaded.
    if rule == .stackDescriptorValid, problem == .requestedPrivilege, selector.requestedPrivilege == 0,
      systemCalls,
      descriptor?.attributes.privilege == 3, star.map({ $0 >> 48 & 3 != 3 }) ?? true
    {
      return .systemCallSelectors
    }
    return .returnSelector
  }
}

/// The first instruction behind a `syscall`.
extension Examiner {
  func failedSystemCall<Memory: PhysicalMemory & ~Copyable>(
    _ observation: Observation, _ memory: inout Memory
  ) -> Diagnosis? {
    let context = observation.context
    guard registers.efer.contains(.syscallEnable), isSystemCallTarget(observation, &memory) else {
      return nil
    }
    let isTrap = observation.vector == ExceptionVector.debug.rawValue
    // RCX and R11 hold what SYSCALL saved, as long as the handler has not touched them; nothing below depends on
    // them but TF.
    var program = context
    program.rip = registers.general[ReturnModel.rcx] &- 2
    program.cs = context.cs | 3
    program.rflags = context.rflags
    var before = registers
    before.lstar = context.rip
    let replay = replay(.systemCall, to: program, with: before, observation, &memory)
    var diagnosis = classify(replay.chain, isDecoded: true)
    guard diagnosis.cause == .systemCallTarget || diagnosis.cause == .trapOnEntry else {
      guard isTrap else { return nil }
      return Diagnosis(
        .trapOnEntry, .signature, evidence: registers.syscallMask.map { .value(.syscallMask, $0) },
        rule: isSingleStep ? .systemCallMask : .noBreakpointOnEntry, event: .systemCall)
    }
    if isTrap, let mask = registers.syscallMask {
      diagnosis.evidence = .bits(.syscallMask, mask, wrong: RFlags.trap.rawValue)
    }
    diagnosis.confidence = replay.isProven && registers.lstar != nil ? .proven : .signature
    return diagnosis
  }

  /// DR6.BS, where DR6 is known; else it is taken to be.
  private var isSingleStep: Bool { (registers.debugStatus ?? 1 << 14) & 1 << 14 != 0 }

  /// True when the interrupted RIP is where SYSCALL leads, and the stack is still Ring 3's.
  private func isSystemCallTarget<Memory: PhysicalMemory & ~Copyable>(
    _ observation: Observation, _ memory: inout Memory
  ) -> Bool {
    let context = observation.context
    if let target = registers.lstar { return target == context.rip }
    guard !VirtualAddress(context.rsp).isUpperHalf, vectorEntered(at: context.rip, &memory) == nil else {
      return false
    }
    let isFetch = observation.vector == ExceptionVector.pageFault.rawValue && registers.cr2 == context.rip
    // Nothing but SYSCALL leaves Ring 3's stack to Ring 0.
    return isFetch || observation.vector == ExceptionVector.debug.rawValue
      || observation.vector == ExceptionVector.doubleFault.rawValue
        && registers.cr2 == InterruptFrame.top(for: context.rsp) &- 8
  }
}
