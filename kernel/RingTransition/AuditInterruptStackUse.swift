import X86

/// RT-044...RT-047: IST stacks beside one another.
extension Auditor {
  /// RT-044. The vectors whose handlers can be interrupted by one another start on different memory, and none of it
  /// is the stack under RSP0.
  mutating func interruptStacksDistinct<Memory: PhysicalMemory & ~Copyable>(_ memory: inout Memory) -> Verdict
  {
    guard registers.interruptTable != nil else { return .unknown(.interruptTable) }
    guard rsp0 != nil else { return .unknown(.taskStateSegment) }
    // The vector that holds each slot.
    var owners = InlineArray<8, UInt8?>(repeating: nil)
    var missing: Missing?
    for position in 0..<Auditor.nestingCount {
      let vector = Auditor.nesting(position).rawValue
      guard let gate = gate(vector, &memory) else {
        missing = .gate
        continue
      }
      let slot = Int(gate.interruptStack)
      guard gate.isPresent, gate.type != nil, slot != 0 else { continue }
      if let other = owners[slot] { return .violated(.sharedSlot(other, vector, slot: gate.interruptStack)) }
      owners[slot] = vector
    }
    for slot in 1...7 where owners[slot] != nil {
      guard let stack = interruptStackInterval(slot) else { continue }
      for other in 1..<slot where owners[other] != nil {
        guard let second = interruptStackInterval(other), second.overlaps(stack) else { continue }
        return .violated(
          .stacksOverlap(.interruptStack(other), second, .interruptStack(slot), stack))
      }
      if let kernel = kernelStackInterval, kernel.overlaps(stack) {
        return .violated(.stacksOverlap(.interruptStack(slot), stack, .rsp0, kernel))
      }
    }
    if let missing { return .unknown(missing) }
    return .held
  }

  /// NMI, #DF, #MC, #DB, #VC and #HV.
  private static let nestingCount = 6
  private static func nesting(_ position: Int) -> ExceptionVector {
    switch position {
    case 0: .debug
    case 1: .nonMaskableInterrupt
    case 2: .doubleFault
    case 3: .machineCheck
    case 4: .hypervisorInjection
    default: .vmmCommunication
    }
  }

  /// The stack under RSP0, as far as its size is known; nil where RSP0 can start none.
  var kernelStackInterval: StackInterval? {
    guard let rsp0, rsp0 != 0, isCanonicalStack(rsp0) else { return nil }
    let size = max(options.kernelStackSize ?? AuditOptions.minimumStackNeed, 48)
    return StackInterval(top: (rsp0 &+ 15) & ~15, byteCount: size)
  }

  /// RT-045.
  mutating func interruptStackGuards<Memory: PhysicalMemory & ~Copyable>(
    _ survey: GateSurvey, _ memory: inout Memory
  ) -> Verdict {
    guard registers.interruptTable != nil else { return .unknown(.interruptTable) }
    var missing: Missing? = slotsAreComplete ? nil : .gate
    for slot in 1...7 where isUsed(slot: slot) {
      guard interruptStackSize(slot) != nil else {
        missing = .stackSize
        continue
      }
      guard let stack = interruptStackInterval(slot) else {
        missing = .taskStateSegment
        continue
      }
      let below = VirtualAddress(stack.low).pageBase() - 1
      let walk = memory.walk(below, root: root, mode: mode)
      if walk.physicalAddress != nil, !refusesPush(walk) { return .violated(.rights(walk)) }
    }
    if let missing { return .unknown(missing) }
    return .held
  }

  /// RT-046.
  mutating func noInterruptStackOnReentrant<Memory: PhysicalMemory & ~Copyable>(
    _ survey: GateSurvey, _ memory: inout Memory
  ) -> Verdict { judge(survey.reentrant, survey, &memory) }

  /// RT-047. Other processors' stacks are among those that the caller declares.
  mutating func interruptStacksPerProcessor(_ survey: GateSurvey) -> Verdict {
    guard let count = options.processorCount else { return .unknown(.otherProcessors) }
    guard count > 1 else { return .skipped(.oneProcessor) }
    guard slotsAreComplete else { return .unknown(.gate) }
    var isDeclared = false
    for position in 0..<options.otherStacks.count {
      guard let other = options.otherStacks[position] else { continue }
      isDeclared = true
      for slot in 1...7 where isUsed(slot: slot) {
        guard let stack = interruptStackInterval(slot), stack.overlaps(other) else { continue }
        return .violated(.stacksOverlap(.interruptStack(slot), stack, .otherStack, other))
      }
    }
    return isDeclared ? .held : .unknown(.otherProcessors)
  }
}
