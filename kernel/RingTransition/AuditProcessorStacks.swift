import X86

/// RT-171 and RT-176: each processor's own stacks and tables.
extension ProcessorAudit {
  /// One processor's stacks, as its TSS names them.
  private struct Stacks: Sendable {
    let auditor: Auditor
    let isKnown: Bool

    init<Memory: PhysicalMemory & ~Copyable>(
      _ registers: RegisterFile, _ options: AuditOptions, _ memory: inout Memory
    ) {
      var auditor = Auditor(registers: registers, options: options)
      auditor.readTaskState(&memory)
      self.auditor = auditor
      isKnown = auditor.rsp0 != nil
    }

    /// RSP0's stack for 0, IST1...IST7 for the others; nil where there is none.
    func interval(_ slot: Int) -> StackInterval? {
      slot == 0 ? auditor.kernelStackInterval : auditor.interruptStackInterval(slot)
    }

    static func subject(_ slot: Int) -> Subject { slot == 0 ? .rsp0 : .interruptStack(slot) }

    /// The frame of the first push.
    func frame<Memory: PhysicalMemory & ~Copyable>(_ slot: Int, _ memory: inout Memory) -> PhysicalFrame? {
      guard let interval = interval(slot) else { return nil }
      let walk = memory.walk(VirtualAddress(interval.high &- 8), root: auditor.root, mode: auditor.mode)
      return walk.physicalAddress.map { PhysicalFrame(containing: $0) }
    }
  }

  /// RT-171. By address where both run under tables with the same upper half, which all do; and by the frame that
  /// the first push goes to.
  func stacksUnique<Memory: PhysicalMemory & ~Copyable>(
    _ processors: borrowing Span<RegisterFile>, _ memory: inout Memory
  ) -> Verdict {
    var missing: Missing?
    for number in processors.indices where processors[number].isLongMode {
      let mine = Stacks(processors[number], options, &memory)
      guard mine.isKnown else {
        missing = .taskStateSegment
        continue
      }
      for other in 0..<number where processors[other].isLongMode {
        let its = Stacks(processors[other], options, &memory)
        guard its.isKnown else { continue }
        for slot in 0...7 {
          guard let stack = mine.interval(slot) else { continue }
          let frame = mine.frame(slot, &memory)
          for otherSlot in 0...7 {
            guard let second = its.interval(otherSlot) else { continue }
            let isShared: Bool
            if isPerProcess(stack) || isPerProcess(second) {
              // The same address is another memory in every process.
              isShared = frame != nil && its.frame(otherSlot, &memory) == frame
            } else {
              isShared =
                stack.overlaps(second) || frame != nil && its.frame(otherSlot, &memory) == frame
            }
            guard isShared else { continue }
            return .violated(
              .processorStacks(
                Self.short(other), Stacks.subject(otherSlot), second, Self.short(number),
                Stacks.subject(slot), stack))
          }
        }
      }
    }
    return Self.held(unless: missing)
  }

  /// True when every process may have something else at these addresses.
  private func isPerProcess(_ stack: StackInterval) -> Bool { isPerProcess(stack.high &- 8, .four) }

  private func isPerProcess(_ address: UInt64, _ depth: PagingDepth) -> Bool {
    let slot = depth.root.index(of: VirtualAddress(address)) & 511
    return options.perProcessSlots[slot >> 6] & 1 << UInt64(slot & 63) != 0
  }

  /// RT-176. A thread may be moved to any processor at any time, and takes its tables along. Of the stacks, those
  /// that a needed gate names: a word in the TSS that nothing uses may lead nowhere.
  func processorTablesMapped<Memory: PhysicalMemory & ~Copyable>(
    _ processors: borrowing Span<RegisterFile>, _ memory: inout Memory
  ) -> Verdict {
    var missing: Missing?
    for number in processors.indices where processors[number].isLongMode {
      let own = Stacks(processors[number], options, &memory)
      if !own.isKnown { missing = .taskStateSegment }
      let gates = gates(of: processors[number], &memory)
      if !gates.isComplete { missing = .gate }
      for other in processors.indices where processors[other].isLongMode {
        let registers = processors[other]
        for item in 0..<Self.itemCount {
          guard
            let (address, access) = item < 3
              ? table(item, of: processors[number]) : stack(item - 2, of: own, gates)
          else { continue }
          guard !isPerProcess(address, registers.pagingMode.depth) else { continue }
          let walk = memory.walk(
            VirtualAddress(address), root: registers.cr3.root, mode: registers.pagingMode)
          let result = walk.result(of: access, in: registers.pagingMode)
          switch result {
          case .allowed: continue
          case .unknown: missing = .memory
          case .pageFault, .nonCanonical: return .violated(.access(walk, access, result))
          }
        }
      }
    }
    return Self.held(unless: missing)
  }

  /// GDT, IDT, TSS and seven stacks.
  private static let itemCount = 10

  private func table(_ item: Int, of registers: RegisterFile) -> (UInt64, PageAccess)? {
    switch item {
    case 0: registers.globalTable.map { ($0.base.rawValue, .supervisorRead) }
    case 1: registers.interruptTable.map { ($0.base.rawValue, .supervisorRead) }
    default: taskState(registers).map { ($0, .supervisorRead) }
    }
  }

  /// The gates that must work, as that processor finds them.
  private func gates<Memory: PhysicalMemory & ~Copyable>(
    of registers: RegisterFile, _ memory: inout Memory
  ) -> GateSurvey {
    var options = options
    options.scope = .everyReturn
    var auditor = Auditor(registers: registers, options: options)
    return auditor.surveyGates(&memory)
  }

  /// Where the first push onto IST`slot` goes, if a needed gate names the slot and its word is set.
  private func stack(_ slot: Int, of stacks: Stacks, _ gates: GateSurvey) -> (UInt64, PageAccess)? {
    guard stacks.isKnown, gates.slots >> UInt8(truncatingIfNeeded: slot) & 1 != 0,
      let interval = stacks.interval(slot)
    else { return nil }
    return (interval.high &- 8, .supervisorWrite)
  }
}
