import X86

/// A run of bytes in physical memory that came from outside: a boot module, a string of the loader's. Every
/// access is checked against its end.
public struct PhysicalBytes: Equatable, Sendable {
  public let start: PhysicalAddress
  public let byteCount: UInt64

  public init(start: PhysicalAddress, byteCount: UInt64) {
    self.start = start
    self.byteCount = byteCount
  }

  /// `count` bytes from `offset`, nil when they are not all inside.
  public func slice(offset: UInt64, count: UInt64) -> PhysicalBytes? {
    guard offset <= byteCount, count <= byteCount - offset else { return nil }
    return PhysicalBytes(start: start + offset, byteCount: count)
  }

  /// The byte at `offset`.
  public func byte<Memory: PhysicalMemory & ~Copyable>(_ offset: UInt64, memory: inout Memory) -> UInt8? {
    guard offset < byteCount else { return nil }
    let address = start + offset
    guard let word = memory.load(PhysicalAddress(truncating: address.rawValue & ~7)) else { return nil }
    return UInt8(truncatingIfNeeded: word >> ((address.rawValue & 7) * 8))
  }

  /// The little-endian integer of `T`'s width at `offset`.
  public func integer<T: FixedWidthInteger, Memory: PhysicalMemory & ~Copyable>(
    _ type: T.Type, at offset: UInt64, memory: inout Memory
  ) -> T? {
    var value: UInt64 = 0
    for position in 0..<UInt64(T.bitWidth / 8) {
      guard let byte = byte(offset &+ position, memory: &memory) else { return nil }
      value |= UInt64(byte) << (position * 8)
    }
    return T(truncatingIfNeeded: value)
  }

  /// True when the bytes from `offset` are those of `text`.
  public func matches<Memory: PhysicalMemory & ~Copyable>(
    _ text: StaticString, at offset: UInt64 = 0, memory: inout Memory
  ) -> Bool {
    for position in 0..<text.utf8CodeUnitCount
    where byte(offset + UInt64(position), memory: &memory) != text.byte(position) {
      return false
    }
    return true
  }
}
