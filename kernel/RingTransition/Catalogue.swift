/// The catalogue as a list: RT-001 to RT-178, with the gaps that its numbering has.
extension Rule {
  /// The highest number of a rule.
  public static let highestNumber: UInt16 = 178
  /// How many rules the catalogue has.
  public static let catalogueCount = 126

  /// The rule RT-`number`; nil where the catalogue has none.
  public init?(number: UInt16) {
    let rule: Rule? =
      switch number {
      case 1...19: Rule.frameRule(number)
      case 20...59: Rule.stacksRule(number)
      case 60...89: Rule.tablesRule(number)
      case 90...119: Rule.addressSpaceRule(number)
      case 120...139: Rule.systemCallRule(number)
      case 140...169: Rule.stateRule(number)
      case 170...189: Rule.processorsRule(number)
      default: nil
      }
    guard let rule else { return nil }
    self = rule
  }

  /// RT-001...RT-017.
  private static func frameRule(_ number: UInt16) -> Rule? {
    switch number {
    case 1: frameReadable
    case 2: opcodeIsIretq
    case 3: kernelNestedTaskClear
    case 4: returnsToUser
    case 5: ripCanonical
    case 6: codeDescriptorValid
    case 7: stackDescriptorValid
    case 8: accessedBitsSettable
    case 9: rflagsImageFixedBits
    case 10: ripInUserHalf
    case 11: rspImageUser
    case 12: rflagsImagePolicy
    case 13: compatibilityReturn
    case 14: userInstructionPage
    case 15: userStackPage
    case 16: noKernelPointers
    case 17: frameAtExpectedSlot
    default: nil
    }
  }

  /// RT-020...RT-051.
  private static func stacksRule(_ number: UInt16) -> Rule? {
    switch number {
    case 20: taskRegisterLoaded
    case 21: taskStateLimit
    case 22: taskStateMapped
    case 23: taskStateDescriptorAgrees
    case 24: rsp0Canonical
    case 25: rsp0Initialised
    case 26: rsp0FramePagesWritable
    case 27: rsp0NotUserAccessible
    case 28: handlerHeadroom
    case 29: rsp0Aligned
    case 30: rsp0BelongsToCurrent
    case 31: rsp0Exclusive
    case 32: rsp0FramesSane
    case 33: guardBelowStack
    case 34: portBitmapClosed
    case 35: taskStateNotUserWritable
    case 36: ringsOneAndTwoUnused
    case 37: taskStateOnOnePage
    case 40: doubleFaultHasInterruptStack
    case 41: machineEventsHaveInterruptStack
    case 42: interruptStackUsable
    case 44: interruptStacksDistinct
    case 45: interruptStackGuards
    case 46: noInterruptStackOnReentrant
    case 47: interruptStacksPerProcessor
    case 48: returnNotFromInterruptStack
    case 49: nonMaskableReturn
    case 50: noBreakpointOnEntry
    case 51: machineCheckEnabled
    default: nil
    }
  }

  /// RT-060...RT-085.
  private static func tablesRule(_ number: UInt16) -> Rule? {
    switch number {
    case 60: globalTableMapped
    case 61: globalTableAccessedBits
    case 62: kernelCodeDescriptor
    case 63: interruptTableLimit
    case 64: interruptTableMapped
    case 65: gatePresentAndType
    case 66: gateReservedBits
    case 67: gatePrivilege
    case 68: gateKind
    case 69: gateOffsetCanonical
    case 70: handlerPageExecutable
    case 71: handlerPageReadOnly
    case 72: handlerInKernelText
    case 73: entryDataMapped
    case 74: controllerVectors
    case 75: unusedVectors
    case 80: localTableSane
    case 81: localSelectors
    case 82: tablesNotUserAccessible
    case 83: tablesReadOnly
    case 84: noForeignGates
    case 85: systemReturnDescriptors
    default: nil
    }
  }

  /// RT-090...RT-115.
  private static func addressSpaceRule(_ number: UInt16) -> Rule? {
    switch number {
    case 90: noReservedBits
    case 91: rootTableSane
    case 92: tableFramesInMemory
    case 93: leafFramesInMemory
    case 94: rootBelongsToCurrent
    case 100: kernelHalfConsistent
    case 101: noUserAccessibleKernelPage
    case 102: noKernelFrameInUserHalf
    case 103: pageTablesNotUserMapped
    case 104: writeXorExecute
    case 105: kernelTextReadOnly
    case 106: guardPages
    case 107: globalBits
    case 108: processContextHygiene
    case 109: staleTranslation
    case 110: lowIdentityMap
    case 111: topUserPage
    case 112: largePagesSane
    case 113: stackMemoryType
    case 114: processorBitsWritable
    case 115: aliases
    default: nil
    }
  }

  /// RT-120...RT-132.
  private static func systemCallRule(_ number: UInt16) -> Rule? {
    switch number {
    case 120: systemCallEnabled
    case 121: systemCallTarget
    case 122: compatibilityEntries
    case 123: systemCallSelectors
    case 124: systemCallMask
    case 125: swapgsBalance
    case 126: systemReturnAddress
    case 127: systemReturnFlags
    case 128: systemCallAtHole
    case 129: opcodeIsSysretq
    case 130: exitWindow
    case 131: systemReturnStackSegment
    case 132: systemCallStack
    default: nil
    }
  }

  /// RT-140...RT-163.
  private static func stateRule(_ number: UInt16) -> Rule? {
    switch number {
    case 140: pagingMode
    case 141: writeProtection
    case 142: noExecuteEnabled
    case 143: supervisorProtections
    case 144: rflagsAtReturn
    case 145: taskPriorityZero
    case 146: controlRegistersExpected
    case 147: protectionKeysAllow
    case 148: addressSpaceSeparation
    case 149: controlBitsHarmless
    case 151: noLockHeld
    case 160: userBasesCanonical
    case 161: dataSelectorsHarmless
    case 162: basesBelongToThread
    case 163: paranoidEntry
    default: nil
    }
  }

  /// RT-170...RT-178.
  private static func processorsRule(_ number: UInt16) -> Rule? {
    switch number {
    case 170: taskStateUnique
    case 171: stacksUnique
    case 172: threadOnOneProcessor
    case 173: taskStatesBusy
    case 174: perProcessorBlockUnique
    case 175: controlStateEqual
    case 176: processorTablesMapped
    case 177: freedRootNotLive
    case 178: shootdownComplete
    default: nil
    }
  }
}
