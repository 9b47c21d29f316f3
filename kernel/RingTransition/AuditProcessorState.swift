import X86

/// RT-175: what every processor must be told, and an initialisation that was forgotten on one shows only when a
/// thread is moved there.
extension ProcessorAudit {
  private static let cr0Bits: CR0 = .writeProtect | .alignmentMask | .numericError
  private static let cr4Bits: CR4 =
    .supervisorExecutionPrevention | .supervisorAccessPrevention | .pageGlobalEnable
    | .processContextIdentifiers | .userModeInstructionPrevention | .fsgsbase | .fiveLevelPaging
    | .machineCheckEnable
  private static let eferBits: EFER = .syscallEnable | .noExecuteEnable

  func controlStateEqual<Memory: PhysicalMemory & ~Copyable>(
    _ processors: borrowing Span<RegisterFile>, _ memory: inout Memory
  ) -> Verdict {
    var first: Int?
    var missing: Missing?
    for number in processors.indices where processors[number].isLongMode {
      guard let reference = first else {
        first = number
        continue
      }
      let (left, right) = (processors[reference], processors[number])
      for item in 0..<Self.itemsOfState {
        let (subject, mine, other, isNeeded) = state(item, left, right)
        guard let mine, let other else {
          // Known of one and not of the other: that one could not be asked.
          let isOneKnown = mine != nil || other != nil
          if isNeeded { missing = isOneKnown ? .otherProcessorsRegisters : .modelSpecificRegister }
          continue
        }
        guard mine == other else {
          return .violated(
            .differs(Self.short(reference), subject, mine, Self.short(number), other))
        }
      }
      switch interruptTablesEqual(left, right, &memory) {
      case true: break
      case false:
        return .violated(
          .differs(
            Self.short(reference), .interruptTableBase, left.interruptTable?.base.rawValue ?? 0,
            Self.short(number), right.interruptTable?.base.rawValue ?? 0))
      case nil: missing = missing ?? .interruptTable
      }
    }
    return Self.held(unless: missing)
  }

  private static let itemsOfState = 7

  /// One register of both, and whether the rule has no answer without it.
  private func state(
    _ item: Int, _ left: RegisterFile, _ right: RegisterFile
  ) -> (Subject, UInt64?, UInt64?, Bool) {
    let usesSystemCall =
      left.efer.contains(.syscallEnable) && options.systemCallInstruction != .unused
    switch item {
    case 0:
      return (
        .cr0, left.cr0.rawValue & Self.cr0Bits.rawValue, right.cr0.rawValue & Self.cr0Bits.rawValue, true
      )
    case 1:
      return (
        .cr4, left.cr4.rawValue & Self.cr4Bits.rawValue, right.cr4.rawValue & Self.cr4Bits.rawValue, true
      )
    case 2:
      return (
        .efer, left.efer.rawValue & Self.eferBits.rawValue, right.efer.rawValue & Self.eferBits.rawValue, true
      )
    case 3...5 where !usesSystemCall: return (.star, nil, nil, false)
    case 3: return (.star, left.star, right.star, true)
    case 4: return (.lstar, left.lstar, right.lstar, true)
    case 5: return (.syscallMask, left.syscallMask, right.syscallMask, true)
    default: return (.pageAttributeTable, left.pageAttributeTable, right.pageAttributeTable, true)
    }
  }

  /// The same table, or one with the same gates; nil when one is not known.
  private func interruptTablesEqual<Memory: PhysicalMemory & ~Copyable>(
    _ left: RegisterFile, _ right: RegisterFile, _ memory: inout Memory
  ) -> Bool? {
    guard let mine = left.interruptTable, let other = right.interruptTable else { return nil }
    guard mine.limit == other.limit else { return false }
    if mine.base == other.base { return true }
    let (first, second) = (
      Auditor(registers: left, options: options), Auditor(registers: right, options: options)
    )
    var offset: UInt64 = 0
    while offset &+ 7 <= UInt64(mine.limit) {
      guard let one = first.load(mine.base.rawValue &+ offset, &memory),
        let two = second.load(other.base.rawValue &+ offset, &memory)
      else { return nil }
      // Different IST slots and handlers would be a design; different gates are what a missing copy looks like.
      if one != two { return false }
      offset &+= 8
    }
    return true
  }
}
