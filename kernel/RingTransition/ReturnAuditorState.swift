import X86

/// Which function answers which rule: groups F, G and H.
extension ReturnAuditor {
  /// RT-120...RT-125.
  mutating func systemCallVerdict<Memory: PhysicalMemory & ~Copyable>(
    _ number: UInt16, _ memory: inout Memory
  ) -> Verdict {
    switch number {
    case 120: auditor.systemCallEnabled()
    case 121: auditor.systemCallTarget(&memory)
    case 122: auditor.compatibilityEntries(&memory)
    case 123: auditor.systemCallSelectors(&memory)
    case 124: auditor.systemCallMask()
    default: auditor.swapgsBalance(&memory)
    }
  }

  /// RT-126...RT-132.
  mutating func systemReturnVerdict<Memory: PhysicalMemory & ~Copyable>(
    _ number: UInt16, _ memory: inout Memory
  ) -> Verdict {
    switch number {
    case 126: return site == .systemReturn ? auditor.systemReturnAddress() : .skipped(.interruptReturn)
    case 127: return site == .systemReturn ? auditor.systemReturnFlags() : .skipped(.interruptReturn)
    case 128: return auditor.systemCallAtHole(site)
    case 129:
      return site == .systemReturn ? auditor.opcodeIsSysretq(&memory) : .skipped(.interruptReturn)
    case 130: return auditor.exitWindow(site)
    case 131:
      return site == .systemReturn ? auditor.systemReturnStackSegment(&memory) : .skipped(.interruptReturn)
    default: return auditor.systemCallStack(&memory)
    }
  }

  /// RT-140...RT-163.
  mutating func stateVerdict<Memory: PhysicalMemory & ~Copyable>(
    _ number: UInt16, _ memory: inout Memory
  ) -> Verdict {
    switch number {
    case 140: auditor.pagingMode()
    case 141: auditor.writeProtection()
    case 142: auditor.noExecuteEnabled()
    case 143: auditor.supervisorProtections()
    case 144: auditor.rflagsAtReturn(site)
    case 145: auditor.taskPriorityZero()
    case 146: auditor.controlRegistersExpected()
    case 147: auditor.protectionKeysAllow(&memory)
    case 148: auditor.addressSpaceSeparation(survey)
    case 149: auditor.controlBitsHarmless()
    case 151: auditor.noLockHeld()
    case 160: auditor.userBasesCanonical()
    case 161: auditor.dataSelectorsHarmless(&memory)
    case 162: auditor.basesBelongToThread()
    default: auditor.paranoidEntry()
    }
  }
}
