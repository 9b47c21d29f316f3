import Boot
public import Core

/// The model-specific registers that the kernel uses. SDM Vol. 4, table 2-2.
public enum ModelSpecificRegister: UInt32, Sendable {
  case apicBase = 0x1b
  case sysenterCS = 0x174
  case sysenterESP = 0x175
  case sysenterEIP = 0x176
  case machineCheckCapability = 0x179
  case machineCheckStatus = 0x17a
  case pageAttributeTable = 0x277
  case efer = 0xc000_0080
  case star = 0xc000_0081
  case lstar = 0xc000_0082
  case cstar = 0xc000_0083
  /// SFMASK: the flags that `syscall` clears.
  case syscallMask = 0xc000_0084
  case fsBase = 0xc000_0100
  case gsBase = 0xc000_0101
  case kernelGSBase = 0xc000_0102
}

extension Processor {
  public static func read(_ register: ModelSpecificRegister) -> UInt64 { read_msr(register.rawValue) }

  /// Writes a register that exists on every processor of 64 bits; a value that it does not take is #GP.
  public static func write(_ value: UInt64, to register: ModelSpecificRegister) {
    write_msr(register.rawValue, value)
  }

  /// FS and GS of the process that runs, as Ring 3 will find them. In the kernel its GS base is in KERNEL_GS_BASE.
  public static var userBases: UserBases {
    get { UserBases(fs: read(.fsBase), gs: read(.kernelGSBase)) }
    set {
      write(newValue.fs, to: .fsBase)
      write(newValue.gs, to: .kernelGSBase)
    }
  }

  /// Undoes a data selector that Ring 3 has loaded, and with it what that did to the bases: they are what the system
  /// call set, `bases`, and null selectors are all that a process ever finds.
  public static func restoreDataSegments(_ bases: UserBases) {
    guard data_selectors() != 0 else { return }
    let block = read(.gsBase)
    clear_data_selectors()
    write(block, to: .gsBase)
    userBases = bases
  }
}
