import X86

/// What the pass over the tables came to, rule by rule.
extension TreeAudit {
  func verdict<Memory: PhysicalMemory & ~Copyable>(of number: UInt16, _ memory: inout Memory) -> Verdict {
    guard auditor.registers.isLongMode else { return .unknown(.longMode) }
    switch number {
    case 101: return rights(kernelPage, &memory)
    case 102: return frame(kernelFrame, &memory)
    case 103:
      guard let tablePage else { return whole }
      return .violated(.sharedFrame(walk(tablePage, &memory), .pageTable))
    case 104: return writeXorExecute(&memory)
    case 105: return kernelTextReadOnly(&memory)
    case 107: return globalBits(&memory)
    case 114: return processorBitsWritable()
    default: return frame(mixedFrame, &memory)
    }
  }

  /// The verdict of a rule that nothing was found to break.
  private var whole: Verdict {
    if !isComplete { return .unknown(.tableRoom) }
    return hasUnreadable ? .unknown(.memory) : .held
  }

  private func walk<Memory: PhysicalMemory & ~Copyable>(_ address: UInt64, _ memory: inout Memory) -> PageWalk
  {
    memory.walk(VirtualAddress(address), root: auditor.root, mode: mode)
  }

  private func rights<Memory: PhysicalMemory & ~Copyable>(
    _ address: UInt64?, _ memory: inout Memory
  ) -> Verdict {
    guard let address else { return whole }
    return .violated(.rights(walk(address, &memory)))
  }

  private func frame<Memory: PhysicalMemory & ~Copyable>(
    _ found: (address: UInt64, use: FrameUse)?, _ memory: inout Memory
  ) -> Verdict {
    guard let found else { return whole }
    return .violated(.sharedFrame(walk(found.address, &memory), found.use))
  }

  /// RT-104. In the user half only where no process is known to make code.
  private func writeXorExecute<Memory: PhysicalMemory & ~Copyable>(_ memory: inout Memory) -> Verdict {
    guard mode.noExecuteEnabled else { return .skipped(.featureOff) }
    return rights(writableCode, &memory)
  }

  /// RT-105. Code and constants are not written, and constants are no code.
  private func kernelTextReadOnly<Memory: PhysicalMemory & ~Copyable>(_ memory: inout Memory) -> Verdict {
    guard let text = auditor.options.kernelText, text.high > text.low else { return .skipped(.notDeclared) }
    let verdict = readOnly(text, &memory) { _ in false }
    guard case .held = verdict, let constants = auditor.options.kernelConstants,
      constants.high > constants.low
    else { return verdict }
    return readOnly(constants, &memory) { $0.isExecutable && mode.noExecuteEnabled }
  }

  /// Whether no page of `range` can be written, or is refused for its rights.
  private func readOnly<Memory: PhysicalMemory & ~Copyable>(
    _ range: AddressInterval, _ memory: inout Memory, unless isRefused: (PageRights) -> Bool
  ) -> Verdict {
    var address = range.low
    for _ in 0..<Self.textPageLimit {
      let walk = walk(address, &memory)
      if walk.physicalAddress != nil, walk.rights.isWritable || isRefused(walk.rights) {
        return .violated(.rights(walk))
      }
      if case .unreadable = walk.outcome { return .unknown(.memory) }
      let next = (address & ~(walk.coveredBytes &- 1)) &+ walk.coveredBytes
      guard next > address, next < range.high else { return .held }
      address = next
    }
    return .unknown(.tableRoom)
  }

  /// 64 MiB in pages of 4 KiB.
  private static let textPageLimit = 16384

  /// RT-107. A global translation outlives a load of CR3, so it must mean the same under every table.
  private func globalBits<Memory: PhysicalMemory & ~Copyable>(_ memory: inout Memory) -> Verdict {
    guard auditor.registers.cr4.contains(.pageGlobalEnable) else { return .skipped(.featureOff) }
    if let address = globalUserPage ?? unequalGlobalPage { return .violated(.rights(walk(address, &memory))) }
    if let lostGlobalPage {
      let walk = walk(lostGlobalPage, &memory)
      let result = walk.result(of: .supervisorRead, in: mode)
      return .violated(result == .allowed ? .rights(walk) : .access(walk, .supervisorRead, result))
    }
    return auditor.options.referenceRoot == nil ? .unknown(.referenceTable) : whole
  }

  /// RT-114.
  private func processorBitsWritable() -> Verdict {
    guard auditor.options.memory.isKnown else { return .unknown(.memoryMap) }
    guard let table = unwritableTable else { return whole }
    return .violated(.value(.pageTable, table.address.rawValue))
  }
}
