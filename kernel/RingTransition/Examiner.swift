import X86

/// One diagnosis in progress.
struct Examiner: Sendable {
  let registers: RegisterFile
  let stop: StopState
  var auditor: Auditor

  init(registers: RegisterFile, stop: StopState) {
    self.registers = registers
    self.stop = stop
    auditor = Auditor(registers: registers, options: AuditOptions())
  }

  /// What the machine shows, to be compared with a prediction.
  struct Observation: Sendable {
    /// Nil after a triple fault.
    let located: LocatedFrame?
    let context: InterruptFrame
    var vector: UInt8? { located?.vector }
    var errorCode: UInt64? { located?.errorCode }
  }

  mutating func examine<Memory: PhysicalMemory & ~Copyable>(_ memory: inout Memory) -> Diagnosis {
    if isAfterReset { return Diagnosis(.machineReset, .signature) }
    guard registers.isLongMode else { return Diagnosis(.unexplained, .guess) }
    auditor.readTaskState(&memory)
    let observation: Observation
    switch stop.kind {
    case .tripleFault:
      observation = Observation(
        located: nil,
        context: InterruptFrame(
          rip: registers.rip, cs: UInt64(registers.cs.rawValue), rflags: registers.rflags,
          rsp: registers.rsp, ss: UInt64(registers.ss.rawValue)))
    case .handler:
      if registers.cs.requestedPrivilege == 3 { return examineRingThree() }
      guard let located = locateFrame(&memory) else {
        let runsOnDoubleFault = vectorByInterruptStack(&memory) == ExceptionVector.doubleFault.rawValue
        if runsOnDoubleFault, let shared = sharedDoubleFaultStack(nil, &memory) { return shared }
        return Diagnosis(.unexplained, .guess)
      }
      observation = Observation(located: located, context: located.frame)
    }
    var diagnosis =
      observation.context.isUser
      ? examineDelivery(observation, &memory) : examineKernel(observation, &memory)
    diagnosis.located = observation.located
    diagnosis.context = observation.context
    return diagnosis
  }

  /// Nothing has happened: Ring 3 runs. What can still be wrong is that nothing ever will.
  private func examineRingThree() -> Diagnosis {
    let context = InterruptFrame(
      rip: registers.rip, cs: UInt64(registers.cs.rawValue), rflags: registers.rflags, rsp: registers.rsp,
      ss: UInt64(registers.ss.rawValue))
    var diagnosis = Diagnosis(.unexplained, .guess)
    if !registers.rflags.contains(.interruptEnable) {
      diagnosis = Diagnosis(
        .interruptsMasked, .signature,
        evidence: .bits(.currentRFlags, registers.rflags.rawValue, wrong: RFlags.interruptEnable.rawValue))
    } else if let priority = registers.cr8, priority & 0xf > 1 {
      // As RT-145 has it: 1 holds back no device's vector, and Linux runs with it.
      diagnosis = Diagnosis(
        .interruptsMasked, .signature, evidence: .value(.cr8, priority), rule: .taskPriorityZero)
    } else {
      return diagnosis
    }
    diagnosis.context = context
    return diagnosis
  }

  /// RIP, CS and CR0 as RESET or INIT leave them. SDM Vol. 3A, 9.1.1.
  private var isAfterReset: Bool {
    registers.rip == 0xfff0 && !registers.cr0.contains(.protectionEnable) && registers.efer.isEmpty
  }
}

extension Examiner {
  /// Finds the frame of the handler that runs. An IST or RSP0 frame always ends at the aligned top of its
  /// stack, however far the handler has come.
  func locateFrame<Memory: PhysicalMemory & ~Copyable>(_ memory: inout Memory) -> LocatedFrame? {
    if let address = stop.frameAddress { return frame(at: address, vector: stop.vector, &memory) }
    if stop.vector == nil, let (vector, address) = frameInEntryCode(&memory) {
      guard let vector else {
        return frame(at: address, vector: nil, &memory) ?? frame(at: address &+ 8, vector: nil, &memory)
      }
      let pushes = ExceptionVector(rawValue: vector)?.pushesErrorCode == true
      // Where an error code belongs and none was pushed, the frame lies one slot lower.
      return frame(at: address &+ (pushes ? 8 : 0), vector: vector, &memory)
    }
    let vector = stop.vector ?? vectorByInterruptStack(&memory)
    if let vector, let gate = auditor.gate(vector, &memory) {
      if gate.interruptStack != 0, let word = auditor.interruptStacks[Int(gate.interruptStack) - 1] {
        return frame(below: word, vector: vector, &memory)
      }
      if gate.offset.rawValue == registers.rip {
        let pushes = ExceptionVector(rawValue: vector)?.pushesErrorCode == true
        // Where an error code belongs and none was pushed, the frame lies one slot lower.
        return frame(at: registers.rsp &+ (pushes ? 8 : 0), vector: vector, &memory)
      }
    }
    guard let rsp0 = auditor.rsp0,
      StackInterval(top: rsp0, byteCount: stop.kernelStackSize).holds(stackPointer: registers.rsp)
    else { return nil }
    let address = InterruptFrame.top(for: rsp0) &- InterruptFrame.byteCount
    // What lies below RSP is an earlier event's.
    guard address >= registers.rsp else { return nil }
    return frame(
      at: address, vector: vector ?? vectorByEntryCode(belowFrameAt: address, &memory), &memory)
  }

  /// The lowest vector whose gate leads to `address`.
  func vectorEntered<Memory: PhysicalMemory & ~Copyable>(
    at address: UInt64, _ memory: inout Memory
  ) -> UInt8? {
    for number in 0...255 {
      let vector = UInt8(truncatingIfNeeded: number)
      if let gate = auditor.gate(vector, &memory), gate.isPresent, gate.offset.rawValue == address {
        return vector
      }
    }
    return nil
  }

  /// The exception whose IST stack holds RSP: #DF first, since it is the one that a shared stack betrays.
  func vectorByInterruptStack<Memory: PhysicalMemory & ~Copyable>(
    _ memory: inout Memory
  ) -> UInt8? {
    var found: UInt8?
    for number in 0...255 {
      let vector = UInt8(truncatingIfNeeded: number)
      guard found == nil || vector == ExceptionVector.doubleFault.rawValue,
        let gate = auditor.gate(vector, &memory), gate.isPresent, gate.interruptStack != 0,
        let word = auditor.interruptStacks[Int(gate.interruptStack) - 1],
        StackInterval(top: word, byteCount: stop.interruptStackSize).holds(stackPointer: registers.rsp)
      else { continue }
      found = vector
    }
    return found
  }

  private func frame<Memory: PhysicalMemory & ~Copyable>(
    below stackPointer: UInt64, vector: UInt8?, _ memory: inout Memory
  ) -> LocatedFrame? {
    frame(
      at: InterruptFrame.top(for: stackPointer) &- InterruptFrame.byteCount, vector: vector, &memory)
  }

  private func frame<Memory: PhysicalMemory & ~Copyable>(
    at address: UInt64, vector: UInt8?, _ memory: inout Memory
  ) -> LocatedFrame? {
    let pushes = vector.flatMap { ExceptionVector(rawValue: $0) }?.pushesErrorCode == true
    if let frame = readFrame(at: address, &memory), isPlausible(frame) {
      let isPushed = pushes && !isLowest(address, vector, &memory)
      return LocatedFrame(
        vector: vector, frame: frame, address: address,
        errorCode: isPushed ? auditor.load(address &- 8, &memory) : nil)
    }
    // Every field one slot lower than it should be: no error code was pushed.
    guard pushes, let frame = readFrame(at: address &- 8, &memory), isPlausible(frame) else { return nil }
    return LocatedFrame(vector: vector, frame: frame, address: address &- 8, errorCode: nil)
  }

  /// True at the handler's first instruction with RSP at the frame: nothing was pushed below it, whatever is there.
  private func isLowest<Memory: PhysicalMemory & ~Copyable>(
    _ address: UInt64, _ vector: UInt8?, _ memory: inout Memory
  ) -> Bool {
    guard registers.rsp == address, let vector, let gate = auditor.gate(vector, &memory) else { return false }
    return gate.offset.rawValue == registers.rip
  }

  func readFrame<Memory: PhysicalMemory & ~Copyable>(
    at address: UInt64, _ memory: inout Memory
  ) -> InterruptFrame? {
    InterruptFrame.read(
      at: VirtualAddress(address), root: auditor.root, mode: auditor.mode, memory: &memory)
  }

  /// A code selector inside the GDT with RPL 0 or 3, and flags that a processor can have pushed.
  func isPlausible(_ frame: InterruptFrame) -> Bool {
    let selector = frame.codeSelector
    let limit = UInt64(registers.globalTable?.limit ?? UInt16.max)
    return frame.cs <= 0xffff && frame.ss <= 0xffff && !selector.isNull
      && (selector.requestedPrivilege == 0 || selector.requestedPrivilege == 3)
      && (selector.isLocal || selector.tableOffset + 7 <= limit)
      && frame.rflags.contains(.fixedOne) && frame.rflags.rawValue & RFlags.reservedMask == 0
  }
}
