/// A linear address as it stands in a register, a descriptor or a stack frame.
///
/// Any 64-bit value can be held, because a debugger must be able to name the wrong ones too; whether the
/// processor would accept it is asked with ``isCanonical(_:)``. It never mixes with ``PhysicalAddress``.
public struct VirtualAddress: Equatable, Comparable, Sendable {
  public let rawValue: UInt64

  public init(_ rawValue: UInt64) { self.rawValue = rawValue }

  /// True when bits 63:47 (63:56 with five levels) are all equal. SDM Vol. 1, 3.3.7.1.
  public func isCanonical(_ depth: PagingDepth) -> Bool {
    let unused = UInt64(64 - depth.addressBits)
    return (Int64(bitPattern: rawValue) << unused) >> unused == Int64(bitPattern: rawValue)
  }

  /// The half above the canonical hole, where kernels live by convention.
  public var isUpperHalf: Bool { rawValue >> 63 == 1 }

  /// The byte offset inside a page of `size`.
  public func offset(in size: PageSize) -> UInt64 { rawValue & (size.bytes - 1) }

  /// The first address of the page of `size` that holds this address.
  public func pageBase(_ size: PageSize = .size4KiB) -> VirtualAddress {
    VirtualAddress(rawValue & ~(size.bytes - 1))
  }

  public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

  /// Address arithmetic wraps, as the processor's does.
  public static func + (base: Self, bytes: UInt64) -> Self { Self(base.rawValue &+ bytes) }
  public static func - (base: Self, bytes: UInt64) -> Self { Self(base.rawValue &- bytes) }
}

/// An address on the memory bus: at most 52 bits. SDM Vol. 3A, 4.1.4.
public struct PhysicalAddress: Equatable, Comparable, Sendable {
  /// Bits 51:0, the widest physical address of the architecture.
  public static let architecturalMask: UInt64 = (1 << 52) - 1

  public let rawValue: UInt64

  /// Keeps bits 51:0 of `rawValue`.
  public init(truncating rawValue: UInt64) { self.rawValue = rawValue & Self.architecturalMask }

  /// Nil when `rawValue` needs more than 52 bits.
  public init?(exactly rawValue: UInt64) {
    guard rawValue & ~Self.architecturalMask == 0 else { return nil }
    self.rawValue = rawValue
  }

  public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
  public static func + (base: Self, bytes: UInt64) -> Self { Self(truncating: base.rawValue &+ bytes) }
}

/// A 4 KiB page of physical memory, named by its first byte ("frame" in the paging sense; the thing on a
/// stack is an ``InterruptFrame``).
public struct PhysicalFrame: Equatable, Sendable {
  public static let byteCount: UInt64 = 4096

  public let address: PhysicalAddress

  public init(containing address: PhysicalAddress) {
    self.address = PhysicalAddress(truncating: address.rawValue & ~(Self.byteCount - 1))
  }

  /// The frame's number: its address divided by 4,096.
  public var number: UInt64 { address.rawValue / Self.byteCount }
}

/// The page sizes of long mode. SDM Vol. 3A, 4.5.
public enum PageSize: UInt8, Equatable, Sendable {
  case size4KiB
  case size2MiB
  case size1GiB

  public var bytes: UInt64 {
    switch self {
    case .size4KiB: 1 << 12
    case .size2MiB: 1 << 21
    case .size1GiB: 1 << 30
    }
  }
}
