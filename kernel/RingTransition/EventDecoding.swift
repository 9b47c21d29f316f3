import X86

/// An event that may have started it.
struct EventCandidate: Sendable {
  let event: Event
  /// The instruction at the interrupted RIP says so; otherwise only the outcome can confirm it.
  let isDecoded: Bool
}

/// The events to replay, the likeliest first.
struct EventCandidates: Sendable {
  private var candidates = InlineArray<10, EventCandidate?>(repeating: nil)
  private(set) var count = 0

  mutating func append(_ event: Event, isDecoded: Bool) {
    guard count < candidates.count else { return }
    candidates[count] = EventCandidate(event: event, isDecoded: isDecoded)
    count += 1
  }

  subscript(position: Int) -> EventCandidate? {
    position >= 0 && position < count ? candidates[position] : nil
  }
}

extension Examiner {
  /// What may have interrupted the program at `observation.context`. A failed delivery leaves RIP at the
  /// instruction that asked for it.
  func candidates<Memory: PhysicalMemory & ~Copyable>(
    _ observation: Observation, _ memory: inout Memory
  ) -> EventCandidates {
    var candidates = EventCandidates()
    if let event = decodeInstruction(at: observation.context.rip, &memory) {
      candidates.append(event, isDecoded: true)
    }
    appendRefusedVectors(observation, &candidates)
    if let event = ownException(observation) { candidates.append(event, isDecoded: false) }
    if let event = pageFaultAtCR2(observation, &memory) { candidates.append(event, isDecoded: false) }
    appendInterruptStackEvents(&candidates, &memory)
    if let vector = stop.interruptInService {
      candidates.append(.externalInterrupt(vector), isDecoded: true)
    } else if let vector = anyControllerVector(&memory) {
      candidates.append(.externalInterrupt(vector), isDecoded: false)
    }
    return candidates
  }

  private func decodeInstruction<Memory: PhysicalMemory & ~Copyable>(
    at rip: UInt64, _ memory: inout Memory
  ) -> Event? {
    guard let first = auditor.codeByte(rip, &memory) else { return nil }
    let second = auditor.codeByte(rip &+ 1, &memory)
    let invalidOpcode = Event.exception(.invalidOpcode, errorCode: 0, address: 0)
    let protection = Event.exception(.generalProtection, errorCode: 0, address: 0)
    switch (first, second) {
    case (0xcd, let vector?): return .softwareInterrupt(vector)
    case (0xcc, _): return .breakpointInstruction
    case (0x0f, 0x0b?): return invalidOpcode
    case (0x0f, 0x05?) where !registers.efer.contains(.syscallEnable): return .systemCall
    // HLT, CLI, STI; then LGDT and its group, MOV to and from control and debug registers, WRMSR, RDMSR,
    // INVD, WBINVD and CLTS.
    case (0xf4, _), (0xfa, _), (0xfb, _): return protection
    case (0x0f, 0x01?), (0x0f, 0x06?), (0x0f, 0x08?), (0x0f, 0x09?): return protection
    case (0x0f, 0x20?), (0x0f, 0x21?), (0x0f, 0x22?), (0x0f, 0x23?), (0x0f, 0x30?), (0x0f, 0x32?):
      return protection
    // IN and OUT with IOPL 0.
    case (0xe4...0xe7, _), (0xec...0xef, _), (0x6c...0x6f, _): return protection
    default: return nil
    }
  }

  /// What an error code with IDT set names: an interrupt whose gate was refused. An exception that met a bad gate is
  /// the program's own, and its instruction tells.
  private func appendRefusedVectors(_ observation: Observation, _ candidates: inout EventCandidates) {
    let code = observation.errorCode ?? 0
    guard
      observation.vector == ExceptionVector.generalProtection.rawValue
        || observation.vector == ExceptionVector.segmentNotPresent.rawValue,
      code & 2 != 0, code <= 0xfff
    else { return }
    // Vector * 16 on one engine is another's vector * 8: the one at hand goes first.
    let countsInSixteens = stop.engine.contains(.gateErrorCodesInSixteens)
    for position in 0..<2 {
      let shift: UInt64 = (position == 0) == countsInSixteens ? 4 : 3
      guard let vector = UInt8(exactly: code >> shift), vector >= 32 else { continue }
      candidates.append(.externalInterrupt(vector), isDecoded: stop.interruptInService == vector)
    }
  }

  /// The exception whose handler runs, taken as one that the program itself raised. A page fault with U/S
  /// clear cannot be: the processor made that access.
  private func ownException(_ observation: Observation) -> Event? {
    guard let vector = observation.vector, let exception = ExceptionVector(rawValue: vector),
      exception != .doubleFault
    else { return nil }
    let code = observation.errorCode ?? 0
    if exception == .pageFault {
      guard PageFaultErrorCode(rawValue: code).contains(.user) else { return nil }
      return .exception(.pageFault, errorCode: code, address: registers.cr2)
    }
    return .exception(exception, errorCode: code, address: 0)
  }

  /// A page fault of the program itself at CR2, where its tables refuse it one.
  private func pageFaultAtCR2<Memory: PhysicalMemory & ~Copyable>(
    _ observation: Observation, _ memory: inout Memory
  ) -> Event? {
    let address = VirtualAddress(registers.cr2)
    guard !address.isUpperHalf else { return nil }
    let walk = memory.walk(address, root: auditor.root, mode: auditor.mode)
    let access: PageAccess = registers.cr2 == observation.context.rip ? .userFetch : .userWrite
    guard case .pageFault(let code) = walk.result(of: access, in: auditor.mode) else { return nil }
    return .exception(.pageFault, errorCode: code.rawValue, address: registers.cr2)
  }

  /// NMI, #MC and #DB where CR2 lies in the frame that they would push to their IST stack: they come from nowhere.
  private func appendInterruptStackEvents<Memory: PhysicalMemory & ~Copyable>(
    _ candidates: inout EventCandidates, _ memory: inout Memory
  ) {
    for number in 0..<3 {
      let (exception, event): (ExceptionVector, Event) =
        switch number {
        case 0: (.nonMaskableInterrupt, .nonMaskableInterrupt)
        case 1: (.machineCheck, .exception(.machineCheck, errorCode: 0, address: 0))
        default: (.debug, .exception(.debug, errorCode: 0, address: 0))
        }
      guard let gate = auditor.gate(exception.rawValue, &memory), gate.isPresent, gate.interruptStack != 0,
        let word = auditor.interruptStacks[Int(gate.interruptStack) - 1]
      else { continue }
      let below = InterruptFrame.top(for: word) &- registers.cr2
      if below > 0, below <= InterruptFrame.byteCountWithErrorCode {
        candidates.append(event, isDecoded: false)
      }
    }
  }

  /// Any vector that a controller may use: which one it was leaves no trace. They differ only in their gates.
  private func anyControllerVector<Memory: PhysicalMemory & ~Copyable>(_ memory: inout Memory) -> UInt8? {
    for number in 32...255 {
      let vector = UInt8(truncatingIfNeeded: number)
      if let gate = auditor.gate(vector, &memory), gate.isPresent, gate.type != nil, gate.privilege == 0 {
        return vector
      }
    }
    return nil
  }
}
