import X86

/// Which function answers which rule: group E.
extension ReturnAuditor {
  /// RT-090...RT-113. What is about whole tables is ``auditTables(_:options:scratch:sink:)``'s business.
  mutating func addressSpaceVerdict<Memory: PhysicalMemory & ~Copyable>(
    _ number: UInt16, _ memory: inout Memory
  ) -> Verdict {
    switch number {
    case 90: auditor.reserved?.verdict ?? .held
    case 91: auditor.rootTableSane(&memory)
    case 92: auditor.tableFramesInMemory(&memory)
    case 93: auditor.leafFramesInMemory(&memory)
    case 94: auditor.rootBelongsToCurrent()
    case 100: auditor.kernelHalfConsistent(&memory)
    case 106: auditor.guardPages(&memory)
    case 108: auditor.processContextHygiene()
    case 110: auditor.lowIdentityMap(&memory)
    case 111: auditor.topUserPage(&memory)
    case 112: auditor.largePagesSane(&memory)
    default: auditor.stackMemoryType(&memory)
    }
  }
}
