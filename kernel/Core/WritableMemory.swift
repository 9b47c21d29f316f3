import X86

/// Physical memory that the kernel owns: it can be written as well as read.
public protocol WritablePhysicalMemory: PhysicalMemory, ~Copyable {
  /// Stores a qword at `address`, a multiple of 8 inside RAM.
  mutating func store(_ value: UInt64, at address: PhysicalAddress)
  /// Fills a frame with zeroes.
  mutating func zero(_ frame: PhysicalFrame)
  /// Copies all 4,096 bytes of `source` over `destination`.
  mutating func copy(_ source: PhysicalFrame, to destination: PhysicalFrame)
}

extension WritablePhysicalMemory where Self: ~Copyable {
  /// Replaces one byte and leaves its neighbours.
  public mutating func storeByte(_ byte: UInt8, at address: PhysicalAddress) {
    let aligned = PhysicalAddress(truncating: address.rawValue & ~7)
    let shift = (address.rawValue & 7) * 8
    guard let old = load(aligned) else { return }
    store(old & ~(0xff << shift) | UInt64(byte) << shift, at: aligned)
  }
}
