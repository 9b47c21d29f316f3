import X86

/// RT-048...RT-051: events that ask nobody.
extension Auditor {
  /// RT-048. Three stacks are meant for moments from which there is no ordinary way back.
  mutating func returnNotFromInterruptStack<Memory: PhysicalMemory & ~Copyable>(
    _ site: ReturnAuditor.Site, _ memory: inout Memory
  ) -> Verdict {
    switch site {
    case .interruptReturn: break
    case .systemReturn: return .skipped(.systemReturn)
    case .frameValue: return .skipped(.frameGiven)
    case .nowhere: return .skipped(.notAtReturn)
    }
    guard registers.interruptTable != nil else { return .unknown(.interruptTable) }
    guard rsp0 != nil else { return .unknown(.taskStateSegment) }
    guard options.interruptStackReturns != .used else { return .skipped(.declared) }
    for position in 0..<3 {
      let vector =
        (position == 0 ? ExceptionVector.doubleFault : position == 1 ? .nonMaskableInterrupt : .machineCheck)
        .rawValue
      guard let gate = gate(vector, &memory) else { return .unknown(.gate) }
      guard gate.interruptStack != 0, let stack = interruptStackInterval(Int(gate.interruptStack)),
        stack.holds(stackPointer: registers.rsp &+ InterruptFrame.byteCount)
      else { continue }
      return .violated(.outside(.interruptStackFrame, registers.rsp, stack))
    }
    return .held
  }

  /// RT-049. Every `iretq` lets the next NMI in; while one is being handled, that NMI starts at the top of the same
  /// stack. The processor does not tell whether it is; a frame below the top of that stack does.
  mutating func nonMaskableReturn<Memory: PhysicalMemory & ~Copyable>(
    _ site: ReturnAuditor.Site, _ memory: inout Memory
  ) -> Verdict {
    switch site {
    case .interruptReturn: break
    case .systemReturn: return .skipped(.systemReturn)
    case .frameValue: return .skipped(.frameGiven)
    case .nowhere: return .skipped(.notAtReturn)
    }
    let vector = ExceptionVector.nonMaskableInterrupt.rawValue
    guard let gate = gate(vector, &memory) else { return .unknown(.gate) }
    let slot = Int(gate.interruptStack)
    guard slot != 0, interruptStackSize(slot) != nil else { return .unknown(.nonMaskableState) }
    guard let stack = interruptStackInterval(slot) else { return .unknown(.taskStateSegment) }
    let end = registers.rsp &+ InterruptFrame.byteCount
    guard stack.holds(stackPointer: end), end != stack.high else { return .held }
    switch options.nestedNonMaskableFrames {
    case .used: return .skipped(.declared)
    case .unknown: return .unknown(.nonMaskableState)
    case .unused: return .violated(.mismatch(.frameAddress, actual: end, expected: stack.high))
    }
  }

  /// RT-050. #DB on the first instruction of an entry arrives with the user's GS, and at SYSCALL with its RSP.
  mutating func noBreakpointOnEntry() -> Verdict {
    guard options.debugRegisters == .kernel else { return .skipped(.debugger) }
    guard let control = registers.debugControl, let addresses = registers.debugAddress else {
      return .unknown(.debugRegisters)
    }
    for number in 0..<4 {
      // L and G of breakpoint n: bits 2n and 2n+1. SDM Vol. 3B, 17.2.4.
      let isEnabled = control >> UInt64(number * 2) & 3 != 0
      guard isEnabled, VirtualAddress(addresses[number]).isUpperHalf else { continue }
      return .violated(.value(.debugAddress(number), addresses[number]))
    }
    return .held
  }

  /// RT-051. With MCE clear a machine check is a shutdown.
  mutating func machineCheckEnabled<Memory: PhysicalMemory & ~Copyable>(_ memory: inout Memory) -> Verdict {
    if registers.features.has(.machineCheckException) == false { return .skipped(.featureAbsent) }
    guard registers.cr4.contains(.machineCheckEnable) else {
      return .violated(
        .bits(.cr4, registers.cr4.rawValue, wrong: CR4.machineCheckEnable.rawValue))
    }
    guard registers.interruptTable != nil else { return .unknown(.interruptTable) }
    let vector = ExceptionVector.machineCheck.rawValue
    guard let gate = gate(vector, &memory) else { return .unknown(.gate) }
    return gate.isPresent && gate.type != nil ? .held : .violated(.gate(vector: vector, gate))
  }
}
