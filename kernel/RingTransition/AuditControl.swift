import X86

/// RT-140...RT-149: control registers and the live RFLAGS.
extension Auditor {
  /// RT-140.
  mutating func pagingMode() -> Verdict {
    let cr0 = CR0.protectionEnable | .paging
    guard registers.cr0.contains(cr0) else {
      return .violated(
        .bits(.cr0, registers.cr0.rawValue, wrong: cr0.rawValue & ~registers.cr0.rawValue))
    }
    guard registers.cr4.contains(.physicalAddressExtension) else {
      return .violated(
        .bits(.cr4, registers.cr4.rawValue, wrong: CR4.physicalAddressExtension.rawValue))
    }
    let efer = EFER.longModeEnable | .longModeActive
    guard registers.efer.contains(efer) else {
      return .violated(
        .bits(.efer, registers.efer.rawValue, wrong: efer.rawValue & ~registers.efer.rawValue))
    }
    guard let attributes = registers.csCache?.attributes, !attributes.isLong else { return .held }
    return .violated(.descriptor(registers.cs, nil, .operandSize))
  }

  /// RT-141.
  mutating func writeProtection() -> Verdict {
    registers.cr0.contains(.writeProtect)
      ? .held
      : .violated(.bits(.cr0, registers.cr0.rawValue, wrong: CR0.writeProtect.rawValue))
  }

  /// RT-142. Only where an entry that is needed has bit 63.
  mutating func noExecuteEnabled() -> Verdict {
    if let probe = noExecuteReserved { return .violated(probe.evidence) }
    return .held
  }

  /// RT-143. What the kernel declares to be off on purpose is no oversight; that alone is then not asked.
  mutating func supervisorProtections() -> Verdict {
    var isUnknown = false
    var isDeclared = false
    var wrong: UInt64 = 0
    for position in 0..<3 {
      let (bit, feature): (CR4, ProcessorFeature) =
        switch position {
        case 0: (.supervisorExecutionPrevention, .supervisorExecutionPrevention)
        case 1: (.supervisorAccessPrevention, .supervisorAccessPrevention)
        default: (.userModeInstructionPrevention, .userModeInstructionPrevention)
        }
      guard !registers.cr4.contains(bit) else { continue }
      if options.protectionsLeftOff.contains(bit) {
        isDeclared = true
        continue
      }
      switch registers.features.has(feature) {
      case true?: wrong |= bit.rawValue
      case false?: break
      case nil: isUnknown = true
      }
    }
    if wrong != 0 { return .violated(.bits(.cr4, registers.cr4.rawValue, wrong: wrong)) }
    if isUnknown { return .unknown(.processorFeatures) }
    return isDeclared ? .skipped(.declared) : .held
  }

  /// RT-144. AC matters where SMAP reads it, IF where an interrupt would meet half of Ring 3's state.
  mutating func rflagsAtReturn(_ site: ReturnAuditor.Site) -> Verdict {
    var mustBeClear = RFlags.nestedTask | .trap
    if registers.cr4.contains(.supervisorAccessPrevention) { mustBeClear.insert(.alignmentCheck) }
    if opensExitWindow(site) { mustBeClear.insert(.interruptEnable) }
    let wrong = registers.rflags.rawValue & mustBeClear.rawValue
    return wrong == 0 ? .held : .violated(.bits(.currentRFlags, registers.rflags.rawValue, wrong: wrong))
  }

  /// RT-145. Priority 1 holds back the vectors 16 to 31 alone, which no device raises: kernels use it for that.
  mutating func taskPriorityZero() -> Verdict {
    guard let priority = registers.cr8 else { return .unknown(.taskPriority) }
    return priority & 0xf <= 1 ? .held : .violated(.value(.cr8, priority))
  }

  /// RT-146.
  mutating func controlRegistersExpected() -> Verdict {
    guard let expected = options.expectedCR4 else { return .skipped(.notDeclared) }
    let wrong = (registers.cr4.rawValue ^ expected.value) & expected.mask
    return wrong == 0 ? .held : .violated(.bits(.cr4, registers.cr4.rawValue, wrong: wrong))
  }

  /// RT-147. A key is four bits of the leaf, and IA32_PKRS has two bits a key: no access, no write.
  mutating func protectionKeysAllow<Memory: PhysicalMemory & ~Copyable>(_ memory: inout Memory) -> Verdict {
    guard registers.cr4.contains(.supervisorProtectionKeys) else { return .skipped(.featureOff) }
    guard let rights = registers.pkrs else { return .unknown(.protectionKeys) }
    guard rights != 0 else { return .held }
    guard let rsp0, let task = loadedTask else { return .unknown(.taskStateSegment) }
    for position in 0..<4 {
      let (address, denied): (UInt64?, UInt64) =
        switch position {
        case 0: (InterruptFrame.top(for: rsp0) &- 8, 3)
        case 1: (task.base &+ TaskStateSegment.offset(ofStackFor: 0), 1)
        case 2: (registers.globalTable?.base.rawValue, 1)
        default: (registers.interruptTable?.base.rawValue, 1)
        }
      guard let address else { continue }
      let walk = memory.walk(VirtualAddress(address), root: root, mode: mode)
      guard walk.physicalAddress != nil, walk.count > 0, !walk.rights.isUser else { continue }
      let key = walk[walk.count - 1].entry.rawValue >> 59 & 0xf
      if rights >> (key * 2) & denied != 0 { return .violated(.value(.protectionKeys, rights)) }
    }
    return .held
  }

  /// RT-148.
  mutating func addressSpaceSeparation(_ survey: GateSurvey) -> Verdict {
    guard registers.cr4.contains(.addressSpaceSeparation) else { return .skipped(.featureOff) }
    guard let global = registers.globalTable else { return .unknown(.globalTable) }
    guard let interrupt = registers.interruptTable else { return .unknown(.interruptTable) }
    guard let task = loadedTask, let rsp0 else { return .unknown(.taskStateSegment) }
    if !global.base.isUpperHalf { return .violated(.value(.globalTableBase, global.base.rawValue)) }
    if !interrupt.base.isUpperHalf { return .violated(.value(.interruptTableBase, interrupt.base.rawValue)) }
    if !VirtualAddress(task.base).isUpperHalf { return .violated(.value(.taskRegisterBase, task.base)) }
    if !VirtualAddress(rsp0 &- 1).isUpperHalf { return .violated(.value(.rsp0, rsp0)) }
    for slot in 1...7 where isUsed(slot: slot) {
      guard let word = interruptStacks[slot - 1], !VirtualAddress(word &- 1).isUpperHalf else { continue }
      return .violated(.value(.interruptStack(slot), word))
    }
    if let vector = survey.lowHandler { return .violated(.value(.gateOffset, UInt64(vector))) }
    return survey.isComplete ? .held : .unknown(.gate)
  }

  /// RT-149. Ring 3 reads counters with PCE; without NE a floating-point error arrives as an interrupt; with EM an
  /// enabled SSE is #UD all the same.
  mutating func controlBitsHarmless() -> Verdict {
    if registers.cr4.contains(.performanceCounterEnable) {
      return .violated(.bits(.cr4, registers.cr4.rawValue, wrong: CR4.performanceCounterEnable.rawValue))
    }
    var wrong: UInt64 = 0
    if !registers.cr0.contains(.numericError) { wrong |= CR0.numericError.rawValue }
    if registers.cr0.contains(.emulation), registers.cr4.contains(.osFXSR) { wrong |= CR0.emulation.rawValue }
    return wrong == 0 ? .held : .violated(.bits(.cr0, registers.cr0.rawValue, wrong: wrong))
  }
}
