import X86

/// A range of addresses that Ring 3 named and nobody has checked: an allegation, until ``UserMemory`` looks.
public struct UserRange: Equatable, Sendable {
  public let start: UInt64
  public let byteCount: UInt64

  /// The end of the lower canonical half.
  public static let limit: UInt64 = 0x0000_8000_0000_0000

  public init(start: UInt64, byteCount: UInt64) {
    self.start = start
    self.byteCount = byteCount
  }

  /// True when no byte of the range wraps or leaves the lower half.
  public var isLowerHalf: Bool { start < Self.limit && byteCount <= Self.limit - start }

  /// True when, in addition, the range leaves the last page of the lower half free.
  var isBelowLastPage: Bool {
    let limit = Self.limit - PageSize.size4KiB.bytes
    return start < limit && byteCount <= limit - start
  }
}

/// The one path on which bytes cross between Ring 3 and the kernel. It walks the process's own tables, wants
/// user rights at every level, and copies through physical memory, so a bad pointer is an error and never a
/// fault, and no user mapping is ever touched with kernel rights.
public struct UserMemory: Sendable {
  /// The pointer does not name memory that the process may use that way (EFAULT).
  public struct BadAddress: Error, Equatable, Sendable {
    public init() {}
  }

  private let space: ProcessSpace

  public init(_ space: ProcessSpace) { self.space = space }

  /// Throws unless every byte of `range` may be accessed as `access` says.
  public func check<Memory: WritablePhysicalMemory & ~Copyable>(
    _ range: UserRange, for access: PageAccess, memory: inout Memory
  ) throws(BadAddress) {
    guard range.isLowerHalf else { throw BadAddress() }
    guard range.byteCount > 0 else { return }
    var page = VirtualAddress(range.start).pageBase()
    let last = VirtualAddress(range.start + (range.byteCount - 1))
    while page <= last {
      _ = try physical(page, for: access, memory: &memory)
      page = page + PageSize.size4KiB.bytes
    }
  }

  /// One byte.
  public func readByte<Memory: WritablePhysicalMemory & ~Copyable>(
    _ address: UInt64, memory: inout Memory
  ) throws(BadAddress) -> UInt8 {
    let place = try physical(VirtualAddress(address), for: .userRead, memory: &memory)
    let aligned = PhysicalAddress(truncating: place.rawValue & ~7)
    guard let word = memory.load(aligned) else { throw BadAddress() }
    return UInt8(truncatingIfNeeded: word >> ((place.rawValue & 7) * 8))
  }

  /// Stores one byte where the process itself could.
  public func writeByte<Memory: WritablePhysicalMemory & ~Copyable>(
    _ byte: UInt8, at address: UInt64, memory: inout Memory
  ) throws(BadAddress) {
    memory.storeByte(byte, at: try physical(VirtualAddress(address), for: .userWrite, memory: &memory))
  }

  private func physical<Memory: WritablePhysicalMemory & ~Copyable>(
    _ address: VirtualAddress, for access: PageAccess, memory: inout Memory
  ) throws(BadAddress) -> PhysicalAddress {
    guard address.rawValue < UserRange.limit else { throw BadAddress() }
    let walk = memory.walk(address, root: space.tables.root, mode: .building)
    guard walk.result(of: access, in: .building) == .allowed, let place = walk.physicalAddress else {
      throw BadAddress()
    }
    return place
  }
}
