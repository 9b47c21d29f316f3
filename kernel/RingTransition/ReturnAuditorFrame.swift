import X86

/// Which function answers which rule: groups A and B.
extension ReturnAuditor {
  /// RT-001...RT-009. `sysretq` pops no frame and reads no descriptor.
  mutating func frameVerdict<Memory: PhysicalMemory & ~Copyable>(
    _ number: UInt16, _ memory: inout Memory
  ) -> Verdict {
    guard site != .systemReturn else { return .skipped(.systemReturn) }
    switch number {
    case 1: return site == .frameValue ? .skipped(.frameGiven) : auditor.frameReadable(&memory)
    case 2: return site == .frameValue ? .skipped(.frameGiven) : auditor.opcodeIsIretq(&memory)
    case 3: return auditor.kernelNestedTaskClear()
    default: break
    }
    guard let frame = auditor.frame else { return .unknown(.returnFrame) }
    switch number {
    case 4: return auditor.returnsToUser(frame)
    case 5: return auditor.ripCanonical(frame)
    case 6: return auditor.codeDescriptorValid(frame, segments)
    case 7: return auditor.stackDescriptorValid(frame, segments)
    case 8: return auditor.accessedBitsSettable(frame, segments, &memory)
    default: return auditor.rflagsImageFixedBits(frame)
    }
  }

  /// RT-010...RT-017.
  mutating func userVerdict<Memory: PhysicalMemory & ~Copyable>(
    _ number: UInt16, _ memory: inout Memory
  ) -> Verdict {
    switch number {
    case 16: return auditor.noKernelPointers(&memory)
    case 17:
      switch site {
      case .interruptReturn: return auditor.frameAtExpectedSlot()
      case .systemReturn: return .skipped(.systemReturn)
      case .frameValue: return .skipped(.frameGiven)
      case .nowhere: return .skipped(.notAtReturn)
      }
    default: break
    }
    guard let frame = auditor.frame else { return .unknown(.returnFrame) }
    let isSystemReturn = site == .systemReturn
    switch number {
    case 10: return auditor.ripInUserHalf(frame, isSystemReturn ? .sysretRIP : .frameRIP)
    case 11: return auditor.rspImageUser(frame, isSystemReturn ? .rsp : .frameRSP)
    case 12: return auditor.rflagsImagePolicy(frame, isSystemReturn ? .sysretRFlags : .frameRFlags)
    case 13: return isSystemReturn ? .skipped(.systemReturn) : auditor.compatibilityReturn(frame, segments)
    case 14: return auditor.userInstructionPage(frame, &memory)
    default: return auditor.userStackPage(frame, &memory)
    }
  }

  /// RT-020...RT-029.
  mutating func taskVerdict<Memory: PhysicalMemory & ~Copyable>(
    _ number: UInt16, _ memory: inout Memory
  ) -> Verdict {
    switch number {
    case 20: auditor.taskRegisterLoaded()
    case 21: auditor.taskStateLimit()
    case 22: auditor.taskStateMapped(&memory)
    case 23: auditor.taskStateDescriptorAgrees(&memory)
    case 24: auditor.rsp0Canonical()
    case 25: auditor.rsp0Initialised()
    case 26: auditor.rsp0FramePagesWritable(&memory)
    case 27: auditor.rsp0NotUserAccessible(pages, &memory)
    case 28: auditor.handlerHeadroom(pages)
    default: auditor.rsp0Aligned()
    }
  }

  /// RT-030...RT-037.
  mutating func stackVerdict<Memory: PhysicalMemory & ~Copyable>(
    _ number: UInt16, _ memory: inout Memory
  ) -> Verdict {
    switch number {
    case 30: auditor.rsp0BelongsToCurrent()
    case 31: auditor.rsp0Exclusive(pages, &memory)
    case 32: auditor.rsp0FramesSane(pages, &memory)
    case 33: auditor.guardBelowStack(pages, &memory)
    case 34: auditor.portBitmapClosed(&memory)
    case 35: auditor.taskStateNotUserWritable(&memory)
    case 36: auditor.ringsOneAndTwoUnused(&memory)
    default: auditor.taskStateOnOnePage(&memory)
    }
  }
}
