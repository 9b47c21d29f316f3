/// A range of linear addresses for `qXfer:memory-map`. gdb touches nothing outside of the ranges, sets hardware
/// breakpoints in read-only ones, and reads device ranges only when asked.
public struct MemoryMapEntry: Equatable, Sendable {
  public enum Kind: UInt8, Equatable, Sendable {
    case readWrite
    case readOnly
  }

  public var kind: Kind
  public var start: UInt64
  /// In bytes; a range may end at the last address there is.
  public var byteCount: UInt64

  public init(_ kind: Kind, start: UInt64, byteCount: UInt64) {
    self.kind = kind
    self.start = start
    self.byteCount = byteCount
  }
}

/// A run of linear addresses that are all mapped with the same rights, or all unmapped.
public struct MemoryRegion: Sendable {
  public struct Rights: Equatable, Sendable {
    public var isReadable: Bool
    public var isWritable: Bool
    public var isExecutable: Bool

    public init(isReadable: Bool, isWritable: Bool, isExecutable: Bool) {
      self.isReadable = isReadable
      self.isWritable = isWritable
      self.isExecutable = isExecutable
    }
  }

  public var start: UInt64
  /// The last address, so that a region may reach to the end.
  public var last: UInt64
  /// Nil when nothing is mapped.
  public var rights: Rights?
  /// What lives there, where it is known.
  public var name: StaticString?

  public init(start: UInt64, last: UInt64, rights: Rights?, name: StaticString? = nil) {
    self.start = start
    self.last = last
    self.rights = rights
    self.name = name
  }
}

/// What is where.
public protocol TargetMaps: ~Copyable {
  /// The entry at `position`, counted from 0; nil after the last. Ascending, without overlaps.
  mutating func memoryMapEntry(_ position: Int) -> MemoryMapEntry?

  /// From the live page tables of `thread`. The work is bounded: a region may be cut short, its neighbour then has
  /// the same rights.
  mutating func region(containing address: UInt64, of thread: TargetThread) -> MemoryRegion?
}

extension TargetMaps where Self: ~Copyable {
  public mutating func memoryMapEntry(_ position: Int) -> MemoryMapEntry? { nil }
  public mutating func region(containing address: UInt64, of thread: TargetThread) -> MemoryRegion? { nil }
}
