import X86

/// RT-040...RT-047: the stacks that do not depend on RSP0.
extension Auditor {
  /// RT-040. Without it every stack problem ends in a shutdown, with nothing run and nothing said.
  mutating func doubleFaultHasInterruptStack<Memory: PhysicalMemory & ~Copyable>(_ memory: inout Memory)
    -> Verdict
  {
    let vector = ExceptionVector.doubleFault.rawValue
    guard registers.interruptTable != nil else { return .unknown(.interruptTable) }
    guard let gate = gate(vector, &memory) else { return .unknown(.gate) }
    return gate.interruptStack != 0 ? .held : .violated(.gate(vector: vector, gate))
  }

  /// RT-041. Between SYSCALL and the entry's change of stacks RSP is Ring 3's, at CPL 0.
  mutating func machineEventsHaveInterruptStack<Memory: PhysicalMemory & ~Copyable>(
    _ memory: inout Memory
  ) -> Verdict {
    guard registers.efer.contains(.syscallEnable) else { return .skipped(.systemCallInstruction) }
    guard registers.interruptTable != nil else { return .unknown(.interruptTable) }
    for exception in 0..<2 {
      let vector = (exception == 0 ? ExceptionVector.nonMaskableInterrupt : .machineCheck).rawValue
      guard let gate = gate(vector, &memory) else { return .unknown(.gate) }
      guard gate.interruptStack != 0 else { return .violated(.gate(vector: vector, gate)) }
    }
    return .held
  }

  /// RT-042. At every return the stacks of #DF and NMI, which no state of the machine keeps away, and of them what their
  /// frames need; all stacks to their bottoms whenever a register that names a table or a stack has changed.
  mutating func interruptStackUsable<Memory: PhysicalMemory & ~Copyable>(
    _ survey: GateSurvey, _ memory: inout Memory
  ) -> Verdict {
    guard registers.interruptTable != nil else { return .unknown(.interruptTable) }
    var missing: Missing? = slotsAreComplete ? nil : .gate
    for slot in 1...7 where isUsed(slot: slot) && isAsked(slot: slot, &memory) {
      guard let word = interruptStacks[slot - 1] else {
        missing = .taskStateSegment
        continue
      }
      switch verdict(onStack: word, slot: slot, &memory) {
      case .held, .skipped: continue
      case .violated(let evidence): return .violated(evidence)
      case .unknown(let reason): missing = reason
      }
    }
    if let missing { return .unknown(missing) }
    return .held
  }

  private mutating func isAsked<Memory: PhysicalMemory & ~Copyable>(
    slot: Int, _ memory: inout Memory
  ) -> Bool {
    guard !options.scope.asks(.t1) else { return true }
    for exception in 0..<2 {
      let vector = (exception == 0 ? ExceptionVector.doubleFault : .nonMaskableInterrupt).rawValue
      if let gate = gate(vector, &memory), Int(gate.interruptStack) == slot { return true }
    }
    return false
  }

  private mutating func verdict<Memory: PhysicalMemory & ~Copyable>(
    onStack word: UInt64, slot: Int, _ memory: inout Memory
  ) -> Verdict {
    guard word != 0 else { return .violated(.value(.interruptStack(slot), word)) }
    switch push(below: word, &memory) {
    case .nonCanonical: return .violated(.value(.interruptStack(slot), word))
    case .refused(let probe): return probe.verdict
    case .accepted: break
    }
    guard options.scope.asks(.t1), let size = interruptStackSize(slot) else { return .held }
    let top = InterruptFrame.top(for: word)
    let low = top &- size
    var page = VirtualAddress(top &- 8).pageBase().rawValue
    for _ in 0..<Auditor.stackPageLimit where page > low && page < top {
      let probe = probe(page &- 8, .supervisorWrite, &memory)
      guard probe.isAllowed else { return probe.verdict }
      page = page &- PageSize.size4KiB.bytes
    }
    return .held
  }

  /// How many pages of one stack are looked at: 1 MiB is more than any kernel's.
  static let stackPageLimit = 256

  /// The declared size of IST`slot` in bytes.
  func interruptStackSize(_ slot: Int) -> UInt64? {
    options.interruptStackSizes[slot - 1] ?? options.interruptStackSize
  }

  /// The addresses of IST`slot`, as far as its size is known; nil where its word cannot start a stack.
  func interruptStackInterval(_ slot: Int) -> StackInterval? {
    guard let word = interruptStacks[slot - 1], word != 0, isCanonicalStack(word) else { return nil }
    let size = max(interruptStackSize(slot) ?? 0, InterruptFrame.byteCountWithErrorCode)
    return StackInterval(top: InterruptFrame.top(for: word), byteCount: size)
  }
}
