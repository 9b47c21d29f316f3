import Boot
public import X86

/// Where devices that answer memory accesses are mapped: PML4[404], supervisor, never executed, never cached, the same in
/// every table.
public enum DeviceRegion {
  public static let localAPIC = VirtualAddress(0xffff_ca00_0000_0000)
  /// PAT entry 3, uncacheable, as the PAT is after reset.
  public static let flags: PageTableEntry.Flags =
    PageTableEntry.Flags.writable | .noExecute | .cacheDisable | .writeThrough
}

/// This processor's local APIC, where ``DeviceRegion`` has it.
public struct MappedLocalAPIC: LocalAPICRegisters, Sendable {
  /// Where the processor's own registers are in physical memory. SDM Vol. 3A, 10.4.4.
  public static var physicalBase: PhysicalAddress {
    PhysicalAddress(truncating: Processor.read(.apicBase) & 0x000f_ffff_ffff_f000)
  }

  /// For a kernel that has mapped the page.
  public init() {}

  public mutating func read(_ offset: UInt32) -> UInt32 {
    device_read32(DeviceRegion.localAPIC.rawValue + UInt64(offset))
  }

  public mutating func write(_ value: UInt32, to offset: UInt32) {
    device_write32(DeviceRegion.localAPIC.rawValue + UInt64(offset), value)
  }
}
