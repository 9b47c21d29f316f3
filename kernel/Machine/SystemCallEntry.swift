import Boot
import X86

/// `syscall` and `sysret`: the registers that say where they go. SDM Vol. 3A, 5.8.8.
public enum SystemCallEntry {
  /// IF, TF, DF, NT, AC and IOPL are clear at the kernel's first instruction.
  public static let flagMask: UInt64 = 0x4_7700

  /// STAR: the kernel's code segment, with its data segment behind it, and the selector below Ring 3's two. Its RPL
  /// is 3, because a processor of AMD's loads SS from it as it stands.
  static var selectors: UInt64 {
    let userBase = UInt64(DescriptorTables.userData.rawValue) - 8
    return UInt64(DescriptorTables.kernelCode.rawValue) << 32 | userBase << 48
  }

  /// Lets Ring 3 use `syscall`, on this processor. Its stack must be in the processor's block.
  public static func enable() {
    Processor.write(selectors, to: .star)
    Processor.write(address_of_syscall_entry(), to: .lstar)
    Processor.write(address_of_syscall_compatibility_entry(), to: .cstar)
    Processor.write(flagMask, to: .syscallMask)
    // `sysenter` with a null code segment is #GP.
    Processor.write(0, to: .sysenterCS)
    Processor.write(0, to: .sysenterESP)
    Processor.write(0, to: .sysenterEIP)
    Processor.efer = Processor.efer | .syscallEnable
  }
}
