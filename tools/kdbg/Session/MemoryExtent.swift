/// A piece of the physical address space that is of one kind.
public struct MemoryExtent: Equatable, Sendable {
  public let first: UInt64
  public let last: UInt64
  public let backing: MemoryBacking

  public init(first: UInt64, last: UInt64, backing: MemoryBacking) {
    self.first = first
    self.last = last
    self.backing = backing
  }
}

/// What stands behind physical addresses.
public enum MemoryBacking: Equatable, Sendable {
  case memory
  case readOnlyMemory
  /// A device, or nothing at all.
  case nothing
}
