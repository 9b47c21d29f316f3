import X86

/// RT-020...RT-023: the task register and the segment it names.
extension Auditor {
  /// RT-020. Where the hidden type is not known the selector answers alone: LTR takes nothing but a TSS.
  func taskRegisterLoaded() -> Verdict {
    guard let task = registers.taskRegister else { return .unknown(.taskRegister) }
    guard !task.selector.isNull, !task.selector.isLocal else {
      return .violated(.value(.taskRegisterSelector, UInt64(task.selector.rawValue)))
    }
    guard VirtualAddress(task.base).isCanonical(mode.depth) else {
      return .violated(.value(.taskRegisterBase, task.base))
    }
    if let attributes = task.attributes {
      let type = attributes.isCodeOrData ? nil : SystemDescriptorType(rawValue: attributes.type)
      guard attributes.isPresent, type == .availableTSS || type == .busyTSS else {
        return .violated(.value(.taskRegisterType, UInt64(attributes.rawValue)))
      }
    }
    return .held
  }

  /// RT-021. The processor reads RSP0 and the IST words in use through this limit.
  mutating func taskStateLimit() -> Verdict {
    guard let task = loadedTask else { return .unknown(.taskRegister) }
    let limit = UInt64(task.limit)
    var needed = TaskStateSegment.offset(ofStackFor: 0) + 7
    for slot in 1...7 where isUsed(slot: slot) {
      needed = TaskStateSegment.offset(ofInterruptStack: UInt8(truncatingIfNeeded: slot)) + 7
    }
    guard limit >= needed else {
      return .violated(.mismatch(.taskRegisterLimit, actual: limit, expected: needed))
    }
    let highest = TaskStateSegment.offset(ofInterruptStack: 7) + 7
    return !slotsAreComplete && limit < highest ? .unknown(.gate) : .held
  }

  /// RT-022. Implicit supervisor reads: RFLAGS.AC excuses nothing.
  mutating func taskStateMapped<Memory: PhysicalMemory & ~Copyable>(_ memory: inout Memory) -> Verdict {
    guard let task = loadedTask else { return .unknown(.taskRegister) }
    let rsp0Offset = TaskStateSegment.offset(ofStackFor: 0)
    let rsp0Field = probe(task.base &+ rsp0Offset, count: 8, .supervisorRead, &memory)
    guard rsp0Field.isAllowed else { return rsp0Field.verdict }
    for slot in 1...7 where isUsed(slot: slot) {
      let offset = TaskStateSegment.offset(ofInterruptStack: UInt8(truncatingIfNeeded: slot))
      let field = probe(task.base &+ offset, count: 8, .supervisorRead, &memory)
      guard field.isAllowed else { return field.verdict }
    }
    return slotsAreComplete ? .held : .unknown(.gate)
  }

  /// RT-023. Nothing fails before the next LTR; an entry that differs shows that it was overwritten.
  mutating func taskStateDescriptorAgrees<Memory: PhysicalMemory & ~Copyable>(
    _ memory: inout Memory
  ) -> Verdict {
    guard let task = loadedTask else { return .unknown(.taskRegister) }
    switch descriptor(task.selector, &memory) {
    case .found(let low, let address):
      guard let upper = load(address &+ 8, &memory) else { return .unknown(.memory) }
      let base = UInt64(low.base) | upper << 32
      guard low.systemType == .busyTSS, low.attributes.isPresent, (upper >> 40) & 0x1f == 0 else {
        return .violated(.descriptor(task.selector, low, .notBusyTaskState))
      }
      guard base == task.base else {
        return .violated(.mismatch(.taskRegisterBase, actual: base, expected: task.base))
      }
      guard low.limit == task.limit else {
        return .violated(
          .mismatch(.taskRegisterLimit, actual: UInt64(low.limit), expected: UInt64(task.limit)))
      }
      return .held
    case .problem(let problem): return .violated(.descriptor(task.selector, nil, problem))
    case .refused(let probe): return probe.verdict
    case .unknown(let missing): return .unknown(missing)
    }
  }

  /// TR, where it is known and was loaded.
  var loadedTask: SegmentCache? {
    guard let task = registers.taskRegister, case .held = taskRegisterLoaded() else { return nil }
    return task
  }
}
