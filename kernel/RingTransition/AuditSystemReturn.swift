import X86

/// RT-125...RT-127 and RT-129...RT-131: the last instructions before Ring 3.
extension Auditor {
  /// RT-125. SWAPGS exchanges the two bases, so at the return the kernel's must wait in KERNEL_GS_BASE.
  mutating func swapgsBalance<Memory: PhysicalMemory & ~Copyable>(_ memory: inout Memory) -> Verdict {
    guard options.swapgs != .unused else { return .skipped(.swapgs) }
    guard let waiting = registers.kernelGSBase, let active = registers.gsBase else {
      return .unknown(.segmentBases)
    }
    if let block = options.perProcessorBlock, waiting != block {
      return .violated(.mismatch(.kernelGSBase, actual: waiting, expected: block))
    }
    guard isKernelAddress(waiting) else {
      // Both bases alike are what a kernel without SWAPGS has; so is a kernel's base that stays active.
      let isCertain =
        options.swapgs == .used || registers.efer.contains(.syscallEnable) && isKernelAddress(active)
      return isCertain ? .violated(.value(.kernelGSBase, waiting)) : .unknown(.swapgs)
    }
    let probe = probe(waiting, .supervisorWrite, &memory)
    guard probe.isAllowed else {
      return options.pageTableIsolation == .unused || options.perProcessorBlock != nil
        ? probe.verdict : .unknown(.pageTableIsolation)
    }
    if let offset = options.selfPointerOffset {
      guard let stored = load(waiting &+ offset, &memory) else { return .unknown(.memory) }
      guard stored == waiting else {
        return .violated(.mismatch(.perProcessorBlock, actual: stored, expected: waiting))
      }
    }
    return .held
  }

  func isKernelAddress(_ value: UInt64) -> Bool {
    VirtualAddress(value).isUpperHalf && VirtualAddress(value).isCanonical(mode.depth)
  }

  /// RT-126. Intel's processors raise #GP at CPL 0, on the stack that RSP already names: Ring 3's.
  mutating func systemReturnAddress() -> Verdict {
    let target = registers.general[RegisterFile.rcxNumber]
    return target < userEnd ? .held : .violated(.value(.sysretRIP, target))
  }

  /// RT-127. VM and RF are ignored.
  mutating func systemReturnFlags() -> Verdict {
    let image = RFlags(rawValue: registers.general[RegisterFile.r11Number])
    var mustBeClear = RFlags.ioPrivilegeMask | RFlags.nestedTask.rawValue
    if options.tracing == .notTraced { mustBeClear |= RFlags.trap.rawValue }
    let wrong = image.rawValue & mustBeClear | ~image.rawValue & RFlags.interruptEnable.rawValue
    return wrong == 0 ? .held : .violated(.bits(.sysretRFlags, image.rawValue, wrong: wrong))
  }

  /// RT-129. Without REX.W it returns to compatibility mode.
  mutating func opcodeIsSysretq<Memory: PhysicalMemory & ~Copyable>(_ memory: inout Memory) -> Verdict {
    guard let bytes = codeBytes(registers.rip, &memory), let second = codeBytes(registers.rip &+ 1, &memory)
    else { return .unknown(.codeBytes) }
    return UInt8(truncatingIfNeeded: bytes) == 0x48 && second == Auditor.sysret
      ? .held : .violated(.value(.opcode, UInt64(bytes)))
  }

  /// RT-130. An interrupt in the window runs in the kernel with Ring 3's GS, or on Ring 3's stack.
  mutating func exitWindow(_ site: ReturnAuditor.Site) -> Verdict {
    guard registers.rflags.contains(.interruptEnable) else { return .held }
    guard opensExitWindow(site) else {
      return options.swapgs == .unused ? .skipped(.swapgs) : .unknown(.swapgs)
    }
    return .violated(
      .bits(.currentRFlags, registers.rflags.rawValue, wrong: RFlags.interruptEnable.rawValue))
  }

  /// True when something of Ring 3's is loaded before the return instruction: its RSP, or its GS base.
  func opensExitWindow(_ site: ReturnAuditor.Site) -> Bool {
    site == .systemReturn || options.swapgs == .used
  }

  /// RT-131. AMD's processors leave SS as it is, and null is unusable for code of compatibility mode.
  mutating func systemReturnStackSegment<Memory: PhysicalMemory & ~Copyable>(
    _ memory: inout Memory
  ) -> Verdict {
    guard registers.vendor != .intel else { return .skipped(.vendor) }
    switch hasCompatibilitySegment(&memory) {
    case nil: return .unknown(.globalTable)
    case false?: return .skipped(.compatibilityMode)
    case true?: break
    }
    guard registers.ss.isNull else { return .held }
    return registers.vendor == .amd
      ? .violated(.value(.stackSegment, UInt64(registers.ss.rawValue))) : .unknown(.processorVendor)
  }
}
