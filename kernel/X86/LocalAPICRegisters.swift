/// The registers of the local APIC, 32 bits each at multiples of 16 bytes. SDM Vol. 3A, table 10-1. The driver is written
/// against it, so that a test can put a model of the device behind it.
public protocol LocalAPICRegisters {
  mutating func read(_ offset: UInt32) -> UInt32
  mutating func write(_ value: UInt32, to offset: UInt32)
}
