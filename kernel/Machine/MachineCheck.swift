import Boot

/// What the processor's banks say of a machine check. SDM Vol. 3B, 15.3.2.
public enum MachineCheck {
  /// One bank whose status is valid.
  public struct Bank: Sendable {
    public let number: Int
    public let status: UInt64
    /// Nil when the status says that there is none (ADDRV).
    public let address: UInt64?
  }

  private static let firstBank: UInt32 = 0x400
  private static let valid: UInt64 = 1 << 63
  private static let addressValid: UInt64 = 1 << 58

  /// CPUID 1:EDX[14], the banks; without it there are none to read.
  private static var hasBanks: Bool { cpuid(1, 0).edx & 1 << 14 != 0 }

  /// MCG_STATUS: RIPV, EIPV, MCIP.
  public static var status: UInt64 { hasBanks ? Processor.read(.machineCheckStatus) : 0 }

  public static var bankCount: Int {
    hasBanks ? Int(truncatingIfNeeded: Processor.read(.machineCheckCapability) & 0xff) : 0
  }

  /// Bank `number`, `0 ..< bankCount`; nil when it has nothing to say.
  public static func bank(_ number: Int) -> Bank? {
    let base = firstBank &+ 4 &* UInt32(truncatingIfNeeded: number)
    let status = Processor.modelSpecificRegister(base &+ 1)
    guard status & valid != 0 else { return nil }
    let address = status & addressValid != 0 ? Processor.modelSpecificRegister(base &+ 2) : nil
    return Bank(number: number, status: status, address: address)
  }
}
