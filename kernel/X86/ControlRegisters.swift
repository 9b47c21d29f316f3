/// CR0. SDM Vol. 3A, 2.5.
public struct CR0: RegisterBits {
  public let rawValue: UInt64
  public init(rawValue: UInt64) { self.rawValue = rawValue }

  public static let protectionEnable = CR0(rawValue: 1 << 0)
  public static let monitorCoprocessor = CR0(rawValue: 1 << 1)
  public static let emulation = CR0(rawValue: 1 << 2)
  public static let taskSwitched = CR0(rawValue: 1 << 3)
  public static let extensionType = CR0(rawValue: 1 << 4)
  public static let numericError = CR0(rawValue: 1 << 5)
  public static let writeProtect = CR0(rawValue: 1 << 16)
  public static let alignmentMask = CR0(rawValue: 1 << 18)
  public static let notWriteThrough = CR0(rawValue: 1 << 29)
  public static let cacheDisable = CR0(rawValue: 1 << 30)
  public static let paging = CR0(rawValue: 1 << 31)
}

/// CR3: the root table's frame and, by CR4.PCIDE, a process-context identifier or cache bits.
/// SDM Vol. 3A, 4.5, table 4-12.
public struct CR3: Equatable, Sendable {
  public let rawValue: UInt64
  public init(rawValue: UInt64) { self.rawValue = rawValue }
  public init(root: PhysicalFrame) { rawValue = root.address.rawValue }

  /// Bits 51:12.
  public var root: PhysicalFrame {
    PhysicalFrame(containing: PhysicalAddress(truncating: rawValue & PageTableEntry.addressMask))
  }

  /// Bits 11:0; a PCID only while CR4.PCIDE=1.
  public var lowBits: UInt64 { rawValue & 0xfff }
}

/// CR4. SDM Vol. 3A, 2.5.
public struct CR4: RegisterBits {
  public let rawValue: UInt64
  public init(rawValue: UInt64) { self.rawValue = rawValue }

  public static let virtual8086Extensions = CR4(rawValue: 1 << 0)
  public static let protectedVirtualInterrupts = CR4(rawValue: 1 << 1)
  public static let timeStampDisable = CR4(rawValue: 1 << 2)
  public static let debuggingExtensions = CR4(rawValue: 1 << 3)
  public static let pageSizeExtensions = CR4(rawValue: 1 << 4)
  public static let physicalAddressExtension = CR4(rawValue: 1 << 5)
  public static let machineCheckEnable = CR4(rawValue: 1 << 6)
  public static let pageGlobalEnable = CR4(rawValue: 1 << 7)
  public static let performanceCounterEnable = CR4(rawValue: 1 << 8)
  public static let osFXSR = CR4(rawValue: 1 << 9)
  public static let osXMMExceptions = CR4(rawValue: 1 << 10)
  public static let userModeInstructionPrevention = CR4(rawValue: 1 << 11)
  public static let fiveLevelPaging = CR4(rawValue: 1 << 12)
  public static let fsgsbase = CR4(rawValue: 1 << 16)
  public static let processContextIdentifiers = CR4(rawValue: 1 << 17)
  public static let osXSAVE = CR4(rawValue: 1 << 18)
  public static let supervisorExecutionPrevention = CR4(rawValue: 1 << 20)
  public static let supervisorAccessPrevention = CR4(rawValue: 1 << 21)
  public static let protectionKeys = CR4(rawValue: 1 << 22)
  public static let controlFlowEnforcement = CR4(rawValue: 1 << 23)
  public static let supervisorProtectionKeys = CR4(rawValue: 1 << 24)
  /// LASS: the upper half is the kernel's even before paging. SDM Vol. 3A, 4.4.
  public static let addressSpaceSeparation = CR4(rawValue: 1 << 27)
  /// FRED: events are delivered without IDT, TSS and IST. Intel FRED specification, 4.
  public static let flexibleEventDelivery = CR4(rawValue: 1 << 32)
}

/// IA32_EFER, MSR C000_0080H. SDM Vol. 3A, 2.2.1.
public struct EFER: RegisterBits {
  public let rawValue: UInt64
  public init(rawValue: UInt64) { self.rawValue = rawValue }

  public static let syscallEnable = EFER(rawValue: 1 << 0)
  public static let longModeEnable = EFER(rawValue: 1 << 8)
  public static let longModeActive = EFER(rawValue: 1 << 10)
  public static let noExecuteEnable = EFER(rawValue: 1 << 11)
}

/// RFLAGS. SDM Vol. 1, 3.4.3.
public struct RFlags: RegisterBits {
  public let rawValue: UInt64
  public init(rawValue: UInt64) { self.rawValue = rawValue }

  public static let carry = RFlags(rawValue: 1 << 0)
  /// Bit 1, always one.
  public static let fixedOne = RFlags(rawValue: 1 << 1)
  public static let parity = RFlags(rawValue: 1 << 2)
  public static let adjust = RFlags(rawValue: 1 << 4)
  public static let zero = RFlags(rawValue: 1 << 6)
  public static let sign = RFlags(rawValue: 1 << 7)
  public static let trap = RFlags(rawValue: 1 << 8)
  public static let interruptEnable = RFlags(rawValue: 1 << 9)
  public static let direction = RFlags(rawValue: 1 << 10)
  public static let overflow = RFlags(rawValue: 1 << 11)
  public static let nestedTask = RFlags(rawValue: 1 << 14)
  public static let resume = RFlags(rawValue: 1 << 16)
  public static let virtual8086 = RFlags(rawValue: 1 << 17)
  public static let alignmentCheck = RFlags(rawValue: 1 << 18)
  public static let virtualInterrupt = RFlags(rawValue: 1 << 19)
  public static let virtualInterruptPending = RFlags(rawValue: 1 << 20)
  public static let identification = RFlags(rawValue: 1 << 21)

  /// Bits 3, 5, 15 and 63:22.
  public static let reservedMask: UInt64 = 0xffff_ffff_ffc0_8028

  /// IOPL, bits 13:12.
  public static let ioPrivilegeMask: UInt64 = 3 << 12

  /// Bits 13:12: the ring up to which port instructions are allowed.
  public var ioPrivilegeLevel: UInt8 { UInt8(truncatingIfNeeded: (rawValue >> 12) & 3) }
}
