import X86

/// The interrupted program ran in Ring 0: an `iretq`, a handler's first instruction, a stack that ended, or an
/// ordinary fault.
extension Examiner {
  mutating func examineKernel<Memory: PhysicalMemory & ~Copyable>(
    _ observation: Observation, _ memory: inout Memory
  ) -> Diagnosis {
    let context = observation.context
    if auditor.codeBytes(context.rip, &memory) == Auditor.iretq,
      let diagnosis = examineReturn(observation, &memory)
    {
      return diagnosis
    }
    if let diagnosis = handlerFetch(observation, &memory) { return diagnosis }
    if observation.located == nil {
      let probe = auditor.probe(context.rip, .supervisorFetch, &memory)
      if case .violated(let evidence) = probe.verdict {
        var diagnosis = Diagnosis(.tablesLackKernel, .signature)
        diagnosis.evidence = evidence
        return diagnosis
      }
    }
    if let diagnosis = recursion(observation, &memory) { return diagnosis }
    if let diagnosis = stackEnd(observation, &memory) { return diagnosis }
    return Diagnosis(.kernelException, .guess)
  }

  /// A fault at `iretq`: which word of its frame the processor refused.
  private func examineReturn<Memory: PhysicalMemory & ~Copyable>(
    _ observation: Observation, _ memory: inout Memory
  ) -> Diagnosis? {
    var before = registers
    before.rip = observation.context.rip
    before.rsp = observation.context.rsp
    before.rflags = observation.context.rflags
    before.cs = observation.context.codeSelector
    before.ss = observation.context.stackSelector
    var audit = Auditor(registers: before, options: AuditOptions())
    var sink = ReturnFaultSink(vector: observation.vector, errorCode: observation.errorCode)
    _ = audit.audit(site: .instruction, memory: &memory, sink: &sink)
    guard let finding = sink.found else { return nil }
    var diagnosis = Diagnosis(sink.cause(finding), .proven)
    diagnosis.rule = finding.rule
    diagnosis.evidence = finding.evidence
    return diagnosis
  }

  /// CR2 = RIP = a gate's offset: the entry worked, and its first instruction could not be fetched.
  private mutating func handlerFetch<Memory: PhysicalMemory & ~Copyable>(
    _ observation: Observation, _ memory: inout Memory
  ) -> Diagnosis? {
    let context = observation.context
    guard registers.cr2 == context.rip, observation.vector ?? 14 == 14,
      let entered = vectorEntered(at: context.rip, &memory)
    else { return nil }
    let probe = auditor.probe(context.rip, .supervisorFetch, &memory)
    guard case .violated(let evidence) = probe.verdict else { return nil }
    let cause: Cause =
      if probe.walk.physicalAddress == nil {
        .handlerUnmapped
      } else if probe.walk.rights.isExecutable {
        .handlerOnUserPage
      } else {
        .handlerNotExecutable
      }
    var diagnosis = Diagnosis(cause, .signature)
    diagnosis.evidence = evidence
    diagnosis.rule = .handlerPageExecutable
    // The interrupted program's own frame lies just above: replay what entered here.
    let pushes = ExceptionVector(rawValue: entered)?.pushesErrorCode == true
    guard let outer = readFrame(at: context.rsp &+ (pushes ? 8 : 0), &memory), isPlausible(outer) else {
      return diagnosis
    }
    var program = outer
    var event: Event?
    if auditor.codeBytes(outer.rip &- 2, &memory) == 0xcd | UInt16(entered) << 8 {
      event = .softwareInterrupt(entered)
      program.rip = outer.rip &- 2
      diagnosis.eventIsDecoded = true
    } else if let exception = ExceptionVector(rawValue: entered) {
      let code = pushes ? auditor.load(context.rsp, &memory) ?? 0 : 0
      // Which address a first page fault had is lost: the second one has overwritten CR2.
      event = .exception(exception, errorCode: code, address: registers.cr2)
    } else if entered >= 32 {
      event = .externalInterrupt(entered)
    }
    guard let event else { return diagnosis }
    var delivery = Delivery(registers: registers, engine: stop.engine)
    let chain = delivery.run(event, to: program, memory: &memory)
    diagnosis.event = event
    diagnosis.chain = chain
    if matches(chain, observation) { diagnosis.confidence = .proven }
    return diagnosis
  }

  /// Three frames with the same RIP at a constant distance up the stack.
  private func recursion<Memory: PhysicalMemory & ~Copyable>(
    _ observation: Observation, _ memory: inout Memory
  ) -> Diagnosis? {
    let context = observation.context
    // Where the previous frame lies above the interrupted RSP depends on what the handler had pushed.
    var distance: UInt64 = 0
    while distance < 512 {
      let address = context.rsp &+ distance
      if let outer = readFrame(at: address, &memory), repeats(outer, context) {
        let stride = outer.rsp &- context.rsp
        if let third = readFrame(at: address &+ stride, &memory), repeats(third, context) {
          var diagnosis = Diagnosis(.recursiveFault, .signature)
          diagnosis.evidence = .value(.frameRIP, context.rip)
          diagnosis.rule = .entryDataMapped
          return diagnosis
        }
        return nil
      }
      distance += 8
    }
    return nil
  }

  private func repeats(_ frame: InterruptFrame, _ other: InterruptFrame) -> Bool {
    frame.rip == other.rip && isPlausible(frame) && !frame.isUser && frame.rsp > other.rsp
  }

  /// CR2 just below RSP, on a page that is not mapped while the one above is: the stack ended there.
  private mutating func stackEnd<Memory: PhysicalMemory & ~Copyable>(
    _ observation: Observation, _ memory: inout Memory
  ) -> Diagnosis? {
    let rsp = observation.context.rsp
    let address = registers.cr2
    guard address < rsp, rsp &- address <= 64 else { return nil }
    let hole = auditor.probe(address, .supervisorWrite, &memory)
    guard case .notPresent = hole.walk.outcome,
      auditor.probe(rsp, .supervisorWrite, &memory).isAllowed
        || auditor.probe(rsp &- 8, .supervisorWrite, &memory).isAllowed
    else { return nil }
    var diagnosis = Diagnosis(.stackOverflow, .signature)
    diagnosis.evidence = hole.evidence
    diagnosis.rule = .guardBelowStack
    if let rsp0 = auditor.rsp0 {
      let declared = StackInterval(top: rsp0, byteCount: stop.kernelStackSize)
      // Well inside the stack there must be no hole.
      if address >= declared.low, address < declared.high {
        diagnosis.cause = .stackPartlyMapped
        diagnosis.rule = .handlerHeadroom
      }
    }
    return diagnosis
  }
}

/// Keeps the violated rule of the frame that explains the exception which `iretq` raised.
private struct ReturnFaultSink: FindingSink {
  let vector: UInt8?
  let errorCode: UInt64?
  private(set) var found: Finding?

  init(vector: UInt8?, errorCode: UInt64?) {
    self.vector = vector
    self.errorCode = errorCode
  }

  mutating func record(_ finding: Finding) {
    guard found == nil, finding.isViolated, explains(finding.rule) else { return }
    found = finding
  }

  private func explains(_ rule: Rule) -> Bool {
    let isPageFault = vector == ExceptionVector.pageFault.rawValue
    switch rule.number {
    case 1, 8: return vector == nil || isPageFault || vector == ExceptionVector.stackSegment.rawValue
    case 2: return !isPageFault
    case 3, 5: return vector == nil || !isPageFault && errorCode ?? 0 == 0
    case 6, 7: return vector == nil || !isPageFault
    default: return false
    }
  }

  func cause(_ finding: Finding) -> Cause {
    switch finding.rule.number {
    case 1: return .returnFrameUnreadable
    case 8: return .accessedBitNotWritable
    case 3, 5: return .returnState
    default:
      if case .descriptor(_, _, .nullSelector) = finding.evidence { return .returnState }
      return .returnSelector
    }
  }
}
