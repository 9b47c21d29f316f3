import X86

/// The interrupted program ran in Ring 3: the event itself could not be delivered, or it was.
extension Examiner {
  mutating func examineDelivery<Memory: PhysicalMemory & ~Copyable>(
    _ observation: Observation, _ memory: inout Memory
  ) -> Diagnosis {
    if let diagnosis = entryWithoutErrorCode(observation, &memory) { return diagnosis }
    if let diagnosis = handlerInRingThree(observation, &memory) { return diagnosis }
    let candidates = candidates(observation, &memory)
    var best: Diagnosis?
    for position in 0..<candidates.count {
      guard let candidate = candidates[position] else { continue }
      // The other engine only for the likeliest event.
      for number in 0..<(position == 0 ? 2 : 1) {
        let engine = number == 0 ? stop.engine : stop.engine.other
        var delivery = Delivery(registers: registers, engine: engine)
        let chain = delivery.run(candidate.event, to: observation.context, memory: &memory)
        var diagnosis = classify(chain, isDecoded: candidate.isDecoded)
        if matches(chain, observation) {
          diagnosis.confidence = .proven
          return diagnosis
        }
        if best == nil, chain.firstFailure != nil { best = diagnosis }
      }
    }
    if let delivered = deliveredInterrupt(observation, &memory) { return delivered }
    if registers.taskRegister?.selector.isNull == true {
      return blame(.taskRegisterNotLoaded, .taskRegisterLoaded, best)
    }
    if var best {
      best.confidence = .guess
      return best
    }
    return Diagnosis(.unexplained, .guess)
  }

  private func blame(_ cause: Cause, _ rule: Rule, _ known: Diagnosis?) -> Diagnosis {
    var diagnosis = known ?? Diagnosis(cause, .signature)
    diagnosis.cause = cause
    diagnosis.confidence = .signature
    diagnosis.rule = rule
    diagnosis.evidence = .value(.taskRegisterSelector, 0)
    return diagnosis
  }

  /// True when the prediction is what the machine shows.
  func matches(_ chain: DeliveryChain, _ observation: Observation) -> Bool {
    if let address = chain.faultAddress, address != registers.cr2 { return false }
    switch chain.end {
    case .shutdown: return observation.located == nil
    case .delivered(let arrival):
      guard let located = observation.located, arrival.savedRIP == located.frame.rip else { return false }
      if let vector = located.vector, vector != arrival.vector { return false }
      if let code = located.errorCode, code != arrival.errorCode { return false }
      return located.address == arrival.stackTop &- InterruptFrame.byteCount
    case .recursion, .unknown: return false
    }
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
    var delivery = Delivery(registers: registers, engine: stop.engine)
    let chain = delivery.run(event, to: context, memory: &memory)
    guard matches(chain, observation), chain.firstFailure == nil else { return nil }
    var diagnosis = Diagnosis(.ringThreeException, .proven)
    diagnosis.event = event
    diagnosis.eventIsDecoded = event.isSoftware
    diagnosis.chain = chain
    return diagnosis
  }

  /// Ring 3 faults at the first instruction of a handler: the gate's segment is its own, so the entry changed
  /// no privilege.
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
    var diagnosis = Diagnosis(.gateEntersRingThree, .signature)
    diagnosis.rule = .kernelCodeDescriptor
    diagnosis.evidence = .descriptor(gate.selector, descriptor, .privilege)
    return diagnosis
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
      auditor.gate(vector, &memory)?.privilege == 3
    {
      var diagnosis = Diagnosis(.errorCodeMissing, .signature)
      diagnosis.event = .softwareInterrupt(vector)
      diagnosis.eventIsDecoded = true
      diagnosis.rule = .gatePrivilege
      if let gate = auditor.gate(vector, &memory) { diagnosis.evidence = .gate(vector: vector, gate) }
      return diagnosis
    }
    // The error code of #DF is always 0; what stands there otherwise was pushed by the handler.
    if exception == .doubleFault, let code = located.errorCode, code != 0 {
      var diagnosis = Diagnosis(.controllerNotRemapped, .signature)
      diagnosis.event = .externalInterrupt(vector)
      diagnosis.rule = .controllerVectors
      diagnosis.evidence = .value(.stackFrame, code)
      return diagnosis
    }
    return nil
  }
}
