import X86

/// RT-120...RT-124, RT-128 and RT-132: what SYSCALL will do.
extension Auditor {
  /// Why the rules about SYSCALL say nothing; nil when Ring 3 can execute it, or is meant to.
  var systemCallsAbsent: Inapplicable? {
    registers.efer.contains(.syscallEnable) || options.systemCallInstruction == .used
      ? nil : .systemCallInstruction
  }

  /// RT-120.
  mutating func systemCallEnabled() -> Verdict {
    let isEnabled = registers.efer.contains(.syscallEnable)
    let wrong = Verdict.violated(
      .bits(.efer, registers.efer.rawValue, wrong: EFER.syscallEnable.rawValue))
    switch options.systemCallInstruction {
    case .used: return isEnabled ? .held : wrong
    case .unused: return isEnabled ? wrong : .skipped(.systemCallInstruction)
    case .unknown: return isEnabled ? .held : .skipped(.systemCallInstruction)
    }
  }

  /// RT-121. SYSCALL changes no stack: what goes wrong here happens at CPL 0 on Ring 3's.
  mutating func systemCallTarget<Memory: PhysicalMemory & ~Copyable>(_ memory: inout Memory) -> Verdict {
    if let reason = systemCallsAbsent { return .skipped(reason) }
    guard let target = registers.lstar else { return .unknown(.modelSpecificRegister) }
    return entryVerdict(target, .lstar, &memory)
  }

  /// Whether the kernel can be entered at `target`.
  private mutating func entryVerdict<Memory: PhysicalMemory & ~Copyable>(
    _ target: UInt64, _ subject: Subject, _ memory: inout Memory
  ) -> Verdict {
    let address = VirtualAddress(target)
    guard address.isCanonical(mode.depth) else { return .violated(.value(subject, target)) }
    let probe = probe(target, count: Auditor.stubBytes, .supervisorFetch, &memory)
    guard probe.isAllowed else { return probe.verdict }
    if let text = options.kernelText, !text.contains(target) { return .violated(.value(subject, target)) }
    return address.isUpperHalf && !probe.walk.rights.isUser ? .held : .violated(.value(subject, target))
  }

  /// RT-122. The other two ways in, which only compatibility mode has: Intel's processors ignore CSTAR, AMD's know no
  /// SYSENTER in long mode.
  mutating func compatibilityEntries<Memory: PhysicalMemory & ~Copyable>(_ memory: inout Memory) -> Verdict {
    switch hasCompatibilitySegment(&memory) {
    case nil: return .unknown(.globalTable)
    case false?: return .skipped(.compatibilityMode)
    case true?: break
    }
    if registers.efer.contains(.syscallEnable), registers.vendor != .intel {
      guard let target = registers.cstar else { return .unknown(.modelSpecificRegister) }
      // A processor that does not use the register leaves it 0.
      if target == 0, registers.vendor == .unknown { return .unknown(.processorVendor) }
      let verdict = entryVerdict(target, .cstar, &memory)
      guard case .held = verdict else { return verdict }
    }
    guard registers.vendor != .amd else { return .held }
    guard let selector = registers.sysenterCS else { return .unknown(.modelSpecificRegister) }
    // A null selector makes SYSENTER #GP(0).
    guard selector & 0xfffc != 0 else { return .held }
    guard let target = registers.sysenterEIP, let stack = registers.sysenterESP else {
      return .unknown(.modelSpecificRegister)
    }
    guard VirtualAddress(stack).isUpperHalf, VirtualAddress(stack).isCanonical(mode.depth) else {
      return .violated(.value(.sysenterStack, stack))
    }
    return entryVerdict(target, .sysenterTarget, &memory)
  }

  /// True when the GDT has a code segment of Ring 3 with L clear, or Ring 3 may have one of its own in an LDT; nil
  /// when the GDT is not known.
  func hasCompatibilitySegment<Memory: PhysicalMemory & ~Copyable>(_ memory: inout Memory) -> Bool? {
    if let local = registers.localTable, !local.selector.isNull { return true }
    guard let table = registers.globalTable else { return nil }
    var reader = PageReader()
    for index in 1...max(UInt64(table.limit) >> 3, 1) {
      guard table.holds(offset: index * 8, count: 8) else { break }
      guard let raw = reader.load(table.base.rawValue &+ index * 8, self, &memory) else { continue }
      let attributes = SegmentDescriptor(rawValue: raw).attributes
      if attributes.isCode, attributes.isPresent, !attributes.isLong, attributes.privilege == 3 {
        return true
      }
    }
    return false
  }

  /// RT-123. The selectors are arithmetic on STAR. On AMD's processors SYSRET takes the RPL of SS from it.
  mutating func systemCallSelectors<Memory: PhysicalMemory & ~Copyable>(_ memory: inout Memory) -> Verdict {
    if let reason = systemCallsAbsent { return .skipped(reason) }
    guard let star = registers.star else { return .unknown(.modelSpecificRegister) }
    guard star >> 48 & 3 == 3 else { return .violated(.value(.star, star)) }
    let kernel = SegmentSelector(rawValue: UInt16(truncatingIfNeeded: star >> 32) & 0xfffc)
    return kernelCode(kernel, &memory)
  }

  /// RT-124. IF, TF, DF, NT, AC and IOPL: none of them may follow Ring 3 into the kernel.
  mutating func systemCallMask() -> Verdict {
    if let reason = systemCallsAbsent { return .skipped(reason) }
    guard let mask = registers.syscallMask else { return .unknown(.modelSpecificRegister) }
    let needed = RFlags.interruptEnable | .trap | .direction | .nestedTask | .alignmentCheck
    let missing = (needed.rawValue | RFlags.ioPrivilegeMask) & ~mask
    return missing == 0 ? .held : .violated(.bits(.syscallMask, mask, wrong: missing))
  }

  /// RT-128. A `syscall` in the last two bytes below the hole leaves RCX non-canonical.
  mutating func systemCallAtHole(_ site: ReturnAuditor.Site) -> Verdict {
    if let reason = systemCallsAbsent { return .skipped(reason) }
    guard let frame else { return .unknown(.returnFrame) }
    let isAtEdge = frame.rip < userEnd && frame.rip &+ 2 >= userEnd
    return isAtEdge ? .violated(.value(site == .systemReturn ? .sysretRIP : .frameRIP, frame.rip)) : .held
  }

  /// RT-132. The processor does not choose this stack; the entry code does.
  mutating func systemCallStack<Memory: PhysicalMemory & ~Copyable>(_ memory: inout Memory) -> Verdict {
    if let reason = systemCallsAbsent { return .skipped(reason) }
    let top: UInt64
    switch options.systemCallStack {
    case .unknown: return .unknown(.systemCallStack)
    case .rsp0:
      guard let rsp0 else { return .unknown(.taskStateSegment) }
      top = rsp0
    case .top(let value): top = value
    case .variable(let address):
      let probe = probe(address, count: 8, .supervisorRead, &memory)
      guard probe.isAllowed else { return probe.verdict }
      guard let value = load(address, &memory) else { return .unknown(.memory) }
      top = value
    }
    guard VirtualAddress(top).isUpperHalf, isCanonicalStack(top) else {
      return .violated(.value(.systemCallStack, top))
    }
    switch push(below: top, &memory) {
    case .accepted: break
    case .nonCanonical: return .violated(.value(.systemCallStack, top))
    case .refused(let probe): return probe.verdict
    }
    let stack = StackInterval(
      top: top, byteCount: max(options.kernelStackSize ?? AuditOptions.minimumStackNeed, 48))
    for slot in 1...7 {
      guard let other = interruptStackInterval(slot), other.overlaps(stack) else { continue }
      return .violated(.stacksOverlap(.systemCallStack, stack, .interruptStack(slot), other))
    }
    return .held
  }
}
