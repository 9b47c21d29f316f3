import X86

/// The interrupted program ran in Ring 3: the event itself could not be delivered, or it was.
extension Examiner {
  mutating func examineDelivery<Memory: PhysicalMemory & ~Copyable>(
    _ observation: Observation, _ memory: inout Memory
  ) -> Diagnosis {
    // Apart from each other, so that their temporaries are not on one stack: a kernel examines itself on a small one.
    if let diagnosis = entryGoneWrong(observation, &memory) { return diagnosis }
    var best: Diagnosis?
    if let diagnosis = provenEvent(observation, &best, &memory) { return diagnosis }
    if let diagnosis = arrivedEvent(observation, best, &memory) { return diagnosis }
    if var best {
      best.confidence = .guess
      return best
    }
    // Something of Ring 3's did arrive.
    return Diagnosis(isVectorUnknown(observation) ? .ringThreeException : .unexplained, .guess)
  }

  @inline(never)
  private mutating func entryGoneWrong<Memory: PhysicalMemory & ~Copyable>(
    _ observation: Observation, _ memory: inout Memory
  ) -> Diagnosis? {
    if let diagnosis = entryWithoutErrorCode(observation, &memory) { return diagnosis }
    if let diagnosis = handlerInRingThree(observation, &memory) { return diagnosis }
    return returnedToNowhere(observation)
  }

  /// The event whose replay gives what is there. `best` is, of those that only may be, the one that would fail now.
  @inline(never)
  private mutating func provenEvent<Memory: PhysicalMemory & ~Copyable>(
    _ observation: Observation, _ best: inout Diagnosis?, _ memory: inout Memory
  ) -> Diagnosis? {
    let candidates = candidates(observation, &memory)
    for position in 0..<candidates.count {
      guard let candidate = candidates[position] else { continue }
      let replay = replay(candidate.event, to: observation.context, observation, &memory)
      var diagnosis = classify(replay.chain, isDecoded: candidate.isDecoded)
      if replay.isProven {
        diagnosis.confidence = .proven
        return diagnosis
      }
      if best == nil, replay.chain.firstFailure != nil { best = diagnosis }
    }
    return nil
  }

  @inline(never)
  private mutating func arrivedEvent<Memory: PhysicalMemory & ~Copyable>(
    _ observation: Observation, _ best: Diagnosis?, _ memory: inout Memory
  ) -> Diagnosis? {
    if let delivered = deliveredInterrupt(observation, &memory) { return delivered }
    if registers.taskRegister?.selector.isNull == true { return notLoaded(best) }
    if let shared = sharedDoubleFaultStack(observation, &memory) { return shared }
    return enteredBySomething(observation, &memory)
  }

  private func isVectorUnknown(_ observation: Observation) -> Bool {
    observation.located != nil && observation.vector == nil
  }

  /// Nothing tells the vector: what the instruction behind which the program stands asks for. An interrupt right
  /// after it would look the same.
  private func enteredBySomething<Memory: PhysicalMemory & ~Copyable>(
    _ observation: Observation, _ memory: inout Memory
  ) -> Diagnosis? {
    guard isVectorUnknown(observation), let located = observation.located else { return nil }
    let rip = located.frame.rip
    let bytes = auditor.codeBytes(rip &- 2, &memory) ?? 0
    let event: Event
    if bytes == Self.systemCallOpcode, registers.efer.contains(.syscallEnable) {
      event = .systemCall
    } else if UInt8(truncatingIfNeeded: bytes) == 0xcd {
      event = .softwareInterrupt(UInt8(truncatingIfNeeded: bytes >> 8))
    } else if UInt8(truncatingIfNeeded: bytes >> 8) == 0xcc {
      event = .breakpointInstruction
    } else {
      return nil
    }
    var context = located.frame
    context.rip = rip &- event.instructionLength
    let replay = replay(event, to: context, observation, &memory)
    guard replay.chain.firstFailure == nil else { return nil }
    var diagnosis = Diagnosis(.ringThreeException, .guess, event: event)
    diagnosis.eventIsDecoded = true
    diagnosis.chain = replay.chain
    return diagnosis
  }

  private func notLoaded(_ known: Diagnosis?) -> Diagnosis {
    var diagnosis = Diagnosis(
      .taskRegisterNotLoaded, .signature, evidence: .value(.taskRegisterSelector, 0), event: known?.event)
    diagnosis.eventIsDecoded = known?.eventIsDecoded ?? false
    diagnosis.chain = known?.chain
    return diagnosis
  }

  /// The event arrived and nothing is wrong with it: RIP stands after the `int`, or an interrupt came.
  private func deliveredInterrupt<Memory: PhysicalMemory & ~Copyable>(
    _ observation: Observation, _ memory: inout Memory
  ) -> Diagnosis? {
    guard let located = observation.located, let vector = located.vector else { return nil }
    let event: Event
    if auditor.codeBytes(located.frame.rip &- 2, &memory) == 0xcd | UInt16(vector) << 8 {
      event = .softwareInterrupt(vector)
    } else if vector == ExceptionVector.nonMaskableInterrupt.rawValue {
      event = .nonMaskableInterrupt
    } else if vector == ExceptionVector.breakpoint.rawValue {
      event = .breakpointInstruction
    } else if vector >= 32 {
      event = .externalInterrupt(vector)
    } else {
      return nil
    }
    var context = located.frame
    context.rip = context.rip &- event.instructionLength
    let replay = replay(event, to: context, observation, &memory)
    guard replay.isProven, replay.chain.firstFailure == nil else { return nil }
    var diagnosis = Diagnosis(.ringThreeException, .proven, event: event)
    diagnosis.eventIsDecoded = event.isSoftware
    diagnosis.chain = replay.chain
    return diagnosis
  }

  /// Ring 3 faults at the first instruction of a handler: the gate's segment is its own, so the entry changed
  /// no privilege, and pushed its frame to Ring 3's stack.
  private mutating func handlerInRingThree<Memory: PhysicalMemory & ~Copyable>(
    _ observation: Observation, _ memory: inout Memory
  ) -> Diagnosis? {
    let context = observation.context
    guard registers.cr2 == context.rip, VirtualAddress(context.rip).isUpperHalf,
      let entered = vectorEntered(at: context.rip, &memory), let gate = auditor.gate(entered, &memory),
      case .found(let descriptor, _) = auditor.descriptor(gate.selector, &memory),
      descriptor.attributes.isCode,
      descriptor.attributes.isConforming || descriptor.attributes.privilege == 3
    else { return nil }
    var diagnosis = Diagnosis(
      .gateEntersRingThree, .signature, evidence: .descriptor(gate.selector, descriptor, .privilege))
    guard let (event, program) = entryEvent(entered, frameAt: context.rsp, &memory) else { return diagnosis }
    let replay = replay(event, to: program, observation, &memory)
    diagnosis.event = event
    diagnosis.eventIsDecoded = event.isSoftware
    if replay.isProven {
      diagnosis.chain = replay.chain
      diagnosis.confidence = .proven
    }
    return diagnosis
  }

  /// What entered through the gate of `vector` and left its frame, with error code, at `address`; and the program as
  /// it was when that happened.
  func entryEvent<Memory: PhysicalMemory & ~Copyable>(
    _ vector: UInt8, frameAt address: UInt64, _ memory: inout Memory
  ) -> (Event, InterruptFrame)? {
    let exception = ExceptionVector(rawValue: vector)
    let pushes = exception?.pushesErrorCode == true
    guard let frame = readFrame(at: address &+ (pushes ? 8 : 0), &memory), isPlausible(frame) else {
      return nil
    }
    if auditor.codeBytes(frame.rip &- 2, &memory) == 0xcd | UInt16(vector) << 8 {
      var program = frame
      program.rip = frame.rip &- 2
      return (.softwareInterrupt(vector), program)
    }
    if let exception {
      // Which address a first page fault had is lost: the second one has overwritten CR2.
      let code = pushes ? auditor.load(address, &memory) ?? 0 : 0
      return (.exception(exception, errorCode: code, address: registers.cr2), frame)
    }
    return vector >= 32 ? (.externalInterrupt(vector), frame) : nil
  }

  /// #GP in Ring 3 at an address that is not canonical: only a return that does not look can lead there.
  private func returnedToNowhere(_ observation: Observation) -> Diagnosis? {
    let rip = observation.context.rip
    guard observation.vector == ExceptionVector.generalProtection.rawValue,
      !VirtualAddress(rip).isCanonical(auditor.mode.depth)
    else { return nil }
    // After `sysretq` RCX still holds what RIP was loaded from.
    let isSystemReturn = registers.general[ReturnModel.rcx] == rip
    return isSystemReturn
      ? Diagnosis(.systemReturnAddress, .signature, evidence: .value(.rcx, rip))
      : Diagnosis(.returnState, .signature, evidence: .value(.frameRIP, rip))
  }

  /// A vector that pushes an error code, entered by something that pushes none: every field is one slot off
  /// in the handler's eyes.
  private func entryWithoutErrorCode<Memory: PhysicalMemory & ~Copyable>(
    _ observation: Observation, _ memory: inout Memory
  ) -> Diagnosis? {
    guard let located = observation.located, let vector = located.vector,
      let exception = ExceptionVector(rawValue: vector), exception.pushesErrorCode
    else { return nil }
    if auditor.codeBytes(located.frame.rip &- 2, &memory) == 0xcd | UInt16(vector) << 8,
      let gate = auditor.gate(vector, &memory), gate.privilege == 3
    {
      var diagnosis = Diagnosis(
        .errorCodeMissing, .signature, evidence: .gate(vector: vector, gate),
        event: .softwareInterrupt(vector))
      diagnosis.eventIsDecoded = true
      return diagnosis
    }
    // Fields that are one slot off, or the error code of #DF, which is always 0: something else stands there.
    guard located.errorCode == nil || exception == .doubleFault && located.errorCode != 0,
      vector < 16 || stop.interruptInService == vector
    else { return nil }
    return Diagnosis(
      .controllerNotRemapped, .signature,
      evidence: .value(.stackFrame, located.errorCode ?? located.frame.rip),
      event: .externalInterrupt(vector))
  }
}
