import X86

/// RT-040 and RT-042: the stacks that do not depend on RSP0.
extension Auditor {
  /// RT-040. Without it every stack problem ends in a shutdown, with nothing run and nothing said.
  func doubleFaultHasInterruptStack<Memory: PhysicalMemory & ~Copyable>(_ memory: inout Memory) -> Verdict {
    let vector = ExceptionVector.doubleFault.rawValue
    guard registers.interruptTable != nil else { return .unknown(.interruptTable) }
    guard let gate = gate(vector, &memory) else { return .unknown(.gate) }
    return gate.interruptStack != 0 ? .held : .violated(.gate(vector: vector, gate))
  }

  /// RT-042.
  mutating func interruptStackUsable<Memory: PhysicalMemory & ~Copyable>(
    _ memory: inout Memory
  ) -> Verdict {
    guard registers.interruptTable != nil else { return .unknown(.interruptTable) }
    guard usedSlots != nil else { return .unknown(.gate) }
    var missing: Missing?
    for slot in 1...7 where isUsed(slot: slot) {
      guard let word = interruptStacks[slot - 1] else {
        missing = .taskStateSegment
        continue
      }
      switch verdict(onStack: word, slot: slot, &memory) {
      case .held: continue
      case .violated(let evidence): return .violated(evidence)
      case .unknown(let reason): missing = reason
      }
    }
    if let missing { return .unknown(missing) }
    return .held
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
    guard let size = options.interruptStackSize else { return .held }
    let top = InterruptFrame.top(for: word)
    let low = top &- size
    var page = VirtualAddress(top &- 8).pageBase().rawValue
    while page > low, page < top {
      let probe = probe(page &- 8, .supervisorWrite, &memory)
      guard probe.isAllowed else { return probe.verdict }
      page = page &- PageSize.size4KiB.bytes
    }
    return .held
  }
}
