import X86

/// Which function answers which rule: groups C and D.
extension ReturnAuditor {
  /// RT-040...RT-051.
  mutating func interruptStackVerdict<Memory: PhysicalMemory & ~Copyable>(
    _ number: UInt16, _ memory: inout Memory
  ) -> Verdict {
    switch number {
    case 40: auditor.doubleFaultHasInterruptStack(&memory)
    case 41: auditor.machineEventsHaveInterruptStack(&memory)
    case 42: auditor.interruptStackUsable(survey, &memory)
    case 44: auditor.interruptStacksDistinct(&memory)
    case 45: auditor.interruptStackGuards(survey, &memory)
    case 46: auditor.noInterruptStackOnReentrant(survey, &memory)
    case 47: auditor.interruptStacksPerProcessor(survey)
    case 48: auditor.returnNotFromInterruptStack(site, &memory)
    case 49: auditor.nonMaskableReturn(site, &memory)
    case 50: auditor.noBreakpointOnEntry()
    default: auditor.machineCheckEnabled(&memory)
    }
  }

  /// RT-060...RT-069.
  mutating func gateVerdict<Memory: PhysicalMemory & ~Copyable>(
    _ number: UInt16, _ memory: inout Memory
  ) -> Verdict {
    guard auditor.registers.interruptTable != nil || number == 60 else { return .unknown(.interruptTable) }
    switch number {
    case 60: return auditor.globalTableMapped(survey, frameSelectors, &memory)
    case 61: return auditor.globalTableAccessedBits(survey, &memory)
    case 62: return auditor.kernelCodeDescriptor(survey, &memory)
    case 63: return auditor.interruptTableLimit(survey)
    case 64: return auditor.interruptTableMapped(survey, &memory)
    case 65: return auditor.judge(survey.absent, survey, &memory)
    case 66: return auditor.judge(survey.reserved, survey, &memory)
    case 67: return auditor.gatePrivilege(survey, &memory)
    case 68: return auditor.gateKind(survey, &memory)
    default: return auditor.judge(survey.offset, survey, &memory)
    }
  }

  /// RT-070...RT-085.
  mutating func tableVerdict<Memory: PhysicalMemory & ~Copyable>(
    _ number: UInt16, _ memory: inout Memory
  ) -> Verdict {
    switch number {
    case 70: auditor.handlerPageExecutable(survey, &memory)
    case 71: auditor.handlerPageReadOnly(survey, &memory)
    case 72: auditor.handlerInKernelText(survey, &memory)
    case 73: auditor.entryDataMapped(&memory)
    case 74: auditor.controllerVectors()
    case 75: auditor.judge(survey.unused, survey, &memory)
    case 80: auditor.localTableSane(&memory)
    case 81: site == .systemReturn ? .skipped(.systemReturn) : auditor.localSelectors(segments)
    case 82: auditor.tablesNotUserAccessible(&memory)
    case 83: auditor.tablesReadOnly(&memory)
    case 84: auditor.noForeignGates(&memory)
    default: auditor.systemReturnDescriptors(&memory)
    }
  }

  /// CS and SS of the frame, for the rule about the table that holds them.
  private var frameSelectors: InterruptFrame? { site == .systemReturn ? nil : auditor.frame }
}
