import X86

/// A kernel stack that ended, was used up by a fault that repeats itself, or belongs to somebody else.
extension Examiner {
  /// How far up the stack the previous frame of a series is looked for, in bytes: what a handler pushes before it
  /// faults again.
  private static var recursionReach: UInt64 { 4096 }
  /// How much of a stack is looked through for a series, in bytes, whatever its declared size.
  private static var longestStack: UInt64 { 65536 }

  /// Three frames with the same RIP at a constant distance up the stack.
  func recursion<Memory: PhysicalMemory & ~Copyable>(
    _ observation: Observation, _ memory: inout Memory
  ) -> Diagnosis? {
    guard let rip = recurringAddress(observation, &memory) else { return nil }
    var diagnosis = Diagnosis(.recursiveFault, .signature, evidence: .value(.frameRIP, rip))
    // Where the instruction itself cannot be fetched, that is the fault of the whole series.
    var fetch = auditor
    let probe = fetch.probe(rip, .supervisorFetch, &memory)
    if case .violated(let evidence) = probe.verdict {
      diagnosis.evidence = evidence
      diagnosis.rule = .handlerPageExecutable
    }
    return diagnosis
  }

  private func recurringAddress<Memory: PhysicalMemory & ~Copyable>(
    _ observation: Observation, _ memory: inout Memory
  ) -> UInt64? {
    let context = observation.context
    if recurs(context, &memory) { return context.rip }
    // Where the series used up the stack, the last program is whatever stored there, and the series lies above it.
    guard observation.vector ?? 8 == ExceptionVector.doubleFault.rawValue else { return nil }
    let start = (context.rsp &+ 7) & ~7
    let page = PageSize.size4KiB.bytes
    var distance: UInt64 = 0
    while distance < min(stop.kernelStackSize, Self.longestStack) &+ page {
      let address = start &+ distance
      // CS is looked at first: most of a stack is no frame.
      guard let selector = auditor.load(address &+ 8, &memory) else {
        distance &+= page &- (address &+ 8) & (page &- 1)
        continue
      }
      distance &+= 8
      if selector == context.cs, let frame = readFrame(at: address, &memory), isOnItsStack(frame, address),
        recurs(frame, &memory)
      {
        return frame.rip
      }
    }
    return nil
  }

  /// A frame of Ring 0 right below the stack pointer that it saved, where an event without a stack of its own puts it.
  private func isOnItsStack(_ frame: InterruptFrame, _ address: UInt64) -> Bool {
    isPlausible(frame) && !frame.isUser
      && InterruptFrame.top(for: frame.rsp) == address &+ InterruptFrame.byteCount
  }

  /// True when two more frames with the same RIP lie above `frame`, at a constant distance.
  private func recurs<Memory: PhysicalMemory & ~Copyable>(
    _ frame: InterruptFrame, _ memory: inout Memory
  ) -> Bool {
    var distance: UInt64 = 0
    while distance < Self.recursionReach {
      let address = frame.rsp &+ distance
      distance += 8
      guard auditor.load(address, &memory) == frame.rip, let outer = readFrame(at: address, &memory),
        repeats(outer, frame)
      else { continue }
      let stride = outer.rsp &- frame.rsp
      guard let third = readFrame(at: address &+ stride, &memory) else { return false }
      return repeats(third, frame)
    }
    return false
  }

  private func repeats(_ frame: InterruptFrame, _ other: InterruptFrame) -> Bool {
    frame.rip == other.rip && isPlausible(frame) && !frame.isUser && frame.rsp > other.rsp
  }

  /// CR2 at the end of the stack that RSP is on: the page there is not mapped, and the one above is. CR2 alone would
  /// prove nothing: it keeps its value from an earlier fault.
  mutating func stackEnd<Memory: PhysicalMemory & ~Copyable>(
    _ observation: Observation, _ memory: inout Memory
  ) -> Diagnosis? {
    let rsp = observation.context.rsp
    let address = registers.cr2
    let hole = auditor.probe(address, .supervisorWrite, &memory)
    guard case .notPresent = hole.walk.outcome, case .pageFault(let code) = hole.result else { return nil }
    // Well inside the stack there must be no hole.
    let isInside = isHole(address, below: rsp)
    let isAtEnd = isJustBelow(address, rsp, &memory) || isInGuard(address, rsp)
    guard isInside || isAtEnd else { return nil }
    var diagnosis = Diagnosis(
      isInside ? .stackPartlyMapped : .stackOverflow, .signature, evidence: hole.evidence)
    let isPageFault = observation.vector == ExceptionVector.pageFault.rawValue
    let errorCode = isPageFault ? observation.errorCode ?? code.rawValue : code.rawValue
    let event = Event.exception(.pageFault, errorCode: errorCode, address: address)
    let replay = replay(event, to: observation.context, observation, &memory)
    // A page fault has just written CR2; behind any other, an address further away may be left from before.
    guard replay.isProven else { return isAtEnd || isPageFault ? diagnosis : nil }
    diagnosis.event = event
    diagnosis.chain = replay.chain
    diagnosis.confidence = .proven
    return diagnosis
  }

  /// On the stack under RSP0, which RSP is on too.
  private func isHole(_ address: UInt64, below rsp: UInt64) -> Bool {
    guard address < rsp, let rsp0 = auditor.rsp0 else { return false }
    let declared = StackInterval(top: rsp0, byteCount: stop.kernelStackSize)
    return address >= declared.low && rsp <= declared.high
  }

  /// Within one push of 64 bytes of RSP, whose own page is mapped.
  private mutating func isJustBelow<Memory: PhysicalMemory & ~Copyable>(
    _ address: UInt64, _ rsp: UInt64, _ memory: inout Memory
  ) -> Bool {
    guard address < rsp, rsp &- address <= 64 else { return false }
    return auditor.probe(rsp, .supervisorWrite, &memory).isAllowed
      || auditor.probe(rsp &- 8, .supervisorWrite, &memory).isAllowed
  }

  /// In the page below a stack, with RSP at the stack's bottom: a function that takes a large frame moves RSP past the
  /// end before it touches it.
  private func isInGuard(_ address: UInt64, _ rsp: UInt64) -> Bool {
    let page = PageSize.size4KiB.bytes
    func holds(_ top: UInt64, _ size: UInt64) -> Bool {
      let low = top &- size
      // RSP itself may be past the guard page, by less than another page.
      let past = address &+ 64 &- rsp
      return address < low && low &- address <= page && past <= page
    }
    if let rsp0 = auditor.rsp0, holds(rsp0, stop.kernelStackSize) { return true }
    for slot in 0..<7 {
      if let top = auditor.interruptStacks[slot], holds(top, stop.interruptStackSize) { return true }
    }
    return false
  }

  /// The stack of #DF is also RSP0's, another vector's, or another slot's: whoever came last has overwritten what
  /// would explain the stop.
  func sharedDoubleFaultStack<Memory: PhysicalMemory & ~Copyable>(
    _ observation: Observation?, _ memory: inout Memory
  ) -> Diagnosis? {
    let doubleFault = ExceptionVector.doubleFault.rawValue
    if let vector = observation?.vector ?? stop.vector, vector != doubleFault { return nil }
    // On the stack under RSP0, with nothing that speaks of #DF.
    if let observation, observation.located != nil, observation.vector == nil { return nil }
    guard let gate = auditor.gate(doubleFault, &memory), gate.isPresent, gate.interruptStack != 0,
      let top = auditor.interruptStacks[Int(gate.interruptStack) - 1]
    else { return nil }
    let mine = StackInterval(top: top, byteCount: stop.interruptStackSize)
    let subject = Subject.interruptStack(Int(gate.interruptStack))
    if let rsp0 = auditor.rsp0 {
      let other = StackInterval(top: rsp0, byteCount: stop.kernelStackSize)
      if mine.overlaps(other) {
        return Diagnosis(.doubleFaultStackShared, .signature, evidence: .overlap(other, subject, mine))
      }
    }
    for number in 0...255 {
      let vector = UInt8(truncatingIfNeeded: number)
      guard vector != doubleFault, let other = auditor.gate(vector, &memory), other.isPresent,
        other.interruptStack != 0
      else { continue }
      if other.interruptStack == gate.interruptStack {
        return Diagnosis(
          .doubleFaultStackShared, .signature,
          evidence: .sharedSlot(doubleFault, vector, slot: gate.interruptStack))
      }
      guard let word = auditor.interruptStacks[Int(other.interruptStack) - 1] else { continue }
      let theirs = StackInterval(top: word, byteCount: stop.interruptStackSize)
      if mine.overlaps(theirs) {
        return Diagnosis(
          .doubleFaultStackShared, .signature,
          evidence: .stacksOverlap(subject, mine, .interruptStack(Int(other.interruptStack)), theirs))
      }
    }
    return nil
  }
}
