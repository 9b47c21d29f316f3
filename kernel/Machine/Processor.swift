import Boot
public import Core
public import X86

/// The processor's own registers and what CPUID says of it.
public enum Processor {
  public static var cr0: CR0 {
    get { CR0(rawValue: read_cr0()) }
    set { write_cr0(newValue.rawValue) }
  }
  /// The address of the last page fault.
  public static var cr2: UInt64 { read_cr2() }
  public static var cr3: CR3 { CR3(rawValue: read_cr3()) }
  public static var cr4: CR4 {
    get { CR4(rawValue: read_cr4()) }
    set { write_cr4(newValue.rawValue) }
  }

  /// Loads a table that maps the code, the stack and the data in use where they are now.
  ///
  /// - Parameter table: a root whose upper half is the kernel's.
  public static func load(_ table: CR3) { write_cr3(table.rawValue) }

  /// INVLPG: what was known of the page at `address` is forgotten.
  public static func invalidate(_ address: VirtualAddress) { invalidate_page(address.rawValue) }

  static var efer: EFER {
    get { EFER(rawValue: read(.efer)) }
    set { write(newValue.rawValue, to: .efer) }
  }

  /// CPUID 8000_0001H:EDX[26].
  public static var hasGigabytePages: Bool { extendedFeatures & 1 << 26 != 0 }
  private static var extendedFeatures: UInt32 { cpuid(0x8000_0001, 0).edx }
  /// CPUID 7:EBX[7], EBX[20], ECX[2].
  private static var hasSMEP: Bool { cpuid(7, 0).ebx & 1 << 7 != 0 }
  private static var hasSMAP: Bool { cpuid(7, 0).ebx & 1 << 20 != 0 }
  private static var hasUMIP: Bool { cpuid(7, 0).ecx & 1 << 2 != 0 }
  /// CPUID 1:ECX[30].
  private static var hasRandom: Bool { cpuid(1, 0).ecx & 1 << 30 != 0 }
  /// CPUID 1:EDX[7].
  private static var hasMachineCheck: Bool { cpuid(1, 0).edx & 1 << 7 != 0 }
  private static var features: ProcessorFeatures {
    var features = ProcessorFeatures()
    features.set(.supervisorExecutionPrevention, hasSMEP)
    features.set(.supervisorAccessPrevention, hasSMAP)
    features.set(.userModeInstructionPrevention, hasUMIP)
    features.set(.gigabytePages, hasGigabytePages)
    features.set(.machineCheckException, hasMachineCheck)
    return features
  }
  /// CPUID 0:EBX, the first four letters of its name.
  private static var vendor: ProcessorVendor {
    switch cpuid(0, 0).ebx {
    case 0x756e_6547: .intel
    case 0x6874_7541: .amd
    default: .unknown
    }
  }
  /// The identifier of this processor's local APIC: CPUID 1:EBX[31:24].
  public static var identifier: UInt8 { UInt8(truncatingIfNeeded: cpuid(1, 0).ebx >> 24) }
  /// CPUID 1:EDX[9].
  public static var hasLocalAPIC: Bool { cpuid(1, 0).edx & 1 << 9 != 0 }
  /// CPUID 8000_0008H:EAX[7:0].
  public static var physicalAddressBits: Int {
    guard cpuid(0x8000_0000, 0).eax >= 0x8000_0008 else { return 36 }
    return Int(cpuid(0x8000_0008, 0).eax & 0xff)
  }

  /// Which protections are on after ``protect(_:)``.
  public enum Protection: Sendable {
    /// All that the processor has.
    case everything
    /// Of SMEP and SMAP those that the modifiers name: the base of every injected fault.
    case only(FaultModifiers)

    /// The bits of CR4 that stay clear because of it.
    public var leftOff: CR4 {
      var bits = CR4.none
      if !includes(.executionPrevention) { bits.insert(.supervisorExecutionPrevention) }
      if !includes(.accessPrevention) { bits.insert(.supervisorAccessPrevention) }
      return bits
    }

    fileprivate func includes(_ modifier: FaultModifiers) -> Bool {
      switch self {
      case .everything: true
      case .only(let modifiers): modifiers.contains(modifier)
      }
    }
  }

  /// Turns on write protection, SMEP, SMAP and UMIP where they exist, and turns x87 and SSE off: Ring 3 is built
  /// without them, and an instruction of theirs is #UD or #NM instead of state that nobody saves.
  public static func protect(_ protection: Protection) {
    cr0 = (cr0 | .writeProtect | .numericError | .emulation).subtracting(.monitorCoprocessor | .taskSwitched)
    var features = cr4.subtracting(.osFXSR | .osXMMExceptions | .osXSAVE)
    features.insert(.machineCheckEnable)
    if hasUMIP { features.insert(.userModeInstructionPrevention) }
    if hasSMEP, protection.includes(.executionPrevention) { features.insert(.supervisorExecutionPrevention) }
    if hasSMAP, protection.includes(.accessPrevention) { features.insert(.supervisorAccessPrevention) }
    cr4 = features
  }

  /// A number that differs from boot to boot: from RDRAND, else from the time-stamp counter.
  public static func randomNumber() -> UInt64 {
    if hasRandom {
      // Ten tries, as the manual advises (SDM Vol. 1, 7.3.17.1).
      for _ in 0..<10 {
        let value = read_random()
        if value != 0 { return value }
      }
    }
    return read_timestamp() &* 0x9e37_79b9_7f4a_7c15
  }

  /// Waits, with interrupts on, until one came.
  public static func waitForInterrupt() { wait_for_interrupt() }

  /// The register file as far as a running kernel can read its own: the general registers are left zero, because
  /// nobody asks the running code for them.
  public static var registers: RegisterFile {
    var file = RegisterFile()
    file.cr0 = cr0
    file.cr2 = cr2
    file.cr3 = cr3
    file.cr4 = cr4
    file.cr8 = read_cr8()
    file.efer = efer
    file.fsBase = read(.fsBase)
    file.gsBase = read(.gsBase)
    file.kernelGSBase = read(.kernelGSBase)
    let global = store_descriptor_table()
    let interrupt = store_interrupt_table()
    file.globalTable = TableRegister(base: VirtualAddress(global.base), limit: global.limit)
    file.interruptTable = TableRegister(base: VirtualAddress(interrupt.base), limit: interrupt.limit)
    file.taskRegister = DescriptorTables.taskRegister(selector: store_task_register())
    file.localTable = SegmentCache(
      selector: SegmentSelector(rawValue: 0), base: 0, limit: 0, attributes: nil)
    file.debugAddress = [
      read_debug_register(0), read_debug_register(1), read_debug_register(2), read_debug_register(3),
    ]
    file.debugStatus = read_debug_register(6)
    file.debugControl = read_debug_register(7)
    file.physicalAddressBits = physicalAddressBits
    file.features = features
    file.vendor = vendor
    return file
  }
}

extension Processor {
  /// The time-stamp counter.
  public static var timestamp: UInt64 { read_timestamp() }
  /// A model-specific register, for a debugger's user who knows that it exists: an unknown one is #GP.
  public static func modelSpecificRegister(_ number: UInt32) -> UInt64 { read_msr(number) }
  public static func pause() { processor_pause() }

  /// Starts the machine again, through the keyboard controller's reset line.
  public static func reset() -> Never {
    port_write8(0x64, 0xfe)
    halt_forever()
    while true {}
  }
}
