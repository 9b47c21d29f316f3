/// Which addresses are meant.
public enum MemorySpace: Equatable, Sendable {
  /// Linear addresses under the tables of this thread.
  case linear(TargetThread)
  /// Addresses on the memory bus. Only with ``TargetCapabilities/physicalMemory``.
  case physical
}

/// Why the byte at an address could not be reached.
public enum MemoryFault: Equatable, Sendable {
  case notMapped
  case notCanonical
  /// Nothing answers at this physical address, or nothing that may be touched.
  case outsideMemory
  /// The access itself failed, although the tables allowed it.
  case failed

  var reason: StaticString {
    switch self {
    case .notMapped: "nothing is mapped at"
    case .notCanonical: "no canonical address:"
    case .outsideMemory: "outside of memory:"
    case .failed: "access failed at"
    }
  }
}

/// How far a transfer came.
public struct MemoryTransfer: Equatable, Sendable {
  /// Bytes from the first one on that were transferred.
  public let byteCount: Int
  /// Why it ended there; nil when all was transferred.
  public let fault: MemoryFault?
  /// The first address that could not be reached.
  public let faultAddress: UInt64

  public static func complete(_ byteCount: Int) -> Self {
    Self(byteCount: byteCount, fault: nil, faultAddress: 0)
  }

  public static func partial(_ byteCount: Int, _ fault: MemoryFault, at address: UInt64) -> Self {
    Self(byteCount: byteCount, fault: fault, faultAddress: address)
  }

  var refusal: Refusal? {
    fault.map { Refusal(Refusal.badAddress, $0.reason, at: faultAddress) }
  }
}

/// The width of one access to a device, in bytes.
public enum AccessWidth: UInt8, Equatable, Sendable {
  case byte = 1
  case word = 2
  case doubleWord = 4
  case quadWord = 8

  public var byteCount: Int { Int(rawValue) }
}

/// Memory, and what is mapped like it. No access may fault, whatever the address; rights of the pages do not
/// matter to a debugger.
public protocol TargetMemory: ~Copyable {
  /// Fills `bytes` from `address` upwards, as far as memory goes. Never more than 4,096 bytes at once.
  mutating func read(
    _ address: UInt64, in space: MemorySpace, into bytes: inout MutableSpan<UInt8>
  ) -> MemoryTransfer

  /// Writes `bytes` from `address` upwards, as far as memory goes; read-only pages too.
  mutating func write(_ bytes: Span<UInt8>, to address: UInt64, in space: MemorySpace) -> MemoryTransfer

  /// One access of exactly this width to an address that is a multiple of it. Only with
  /// ``TargetCapabilities/exactAccess``; the stub uses it for every aligned request of 1, 2, 4 or 8 bytes.
  mutating func readExactly(
    _ address: UInt64, width: AccessWidth, in space: MemorySpace
  ) throws(Refusal) -> UInt64

  mutating func writeExactly(
    _ value: UInt64, to address: UInt64, width: AccessWidth, in space: MemorySpace
  ) throws(Refusal)
}

extension TargetMemory where Self: ~Copyable {
  public mutating func readExactly(
    _ address: UInt64, width: AccessWidth, in space: MemorySpace
  ) throws(Refusal) -> UInt64 {
    throw Refusal(Refusal.invalid, "no access of a certain width")
  }

  public mutating func writeExactly(
    _ value: UInt64, to address: UInt64, width: AccessWidth, in space: MemorySpace
  ) throws(Refusal) {
    throw Refusal(Refusal.invalid, "no access of a certain width")
  }
}
