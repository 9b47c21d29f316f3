import Session
import X86

/// One thing in the list of what an address space maps.
public enum MapItem: Equatable, Sendable {
  case region(MappedRegion)
  /// A table that is listed for its own sake, with the number of its present entries.
  case table(TableReference, present: Int)
  /// A table that was read before, under entries that leave the same rights.
  case repetition(TableRepetition)
  /// An entry that names a table in which it is found itself; what it maps is listed behind this.
  case circle(TableReference, opened: PagingLevel)
  case reserved(ReservedRun)
  case unreadable(TableReference)
}

/// Pages that follow each other and are of one kind.
public struct MappedRegion: Equatable, Sendable {
  public let start: VirtualAddress
  public internal(set) var last: VirtualAddress
  /// What survives all levels.
  public let rights: PageRights
  public let isGlobal: Bool
  /// PAT, PCD and PWT of the leaves.
  public let cacheIndex: UInt8
  /// Nil where regions of several sizes are one.
  public internal(set) var size: PageSize?
  public internal(set) var pageCount: UInt64
  /// What the first page maps, where the frames follow each other as the pages do; nil where they do not.
  public internal(set) var physical: PhysicalAddress?
  /// What stands behind; nil where it is not known, or differs.
  public internal(set) var backing: MemoryBacking?
}

/// A table that several entries name.
public struct TableRepetition: Equatable, Sendable {
  public let table: TableReference
  public internal(set) var last: VirtualAddress
  /// How many entries in a row name it.
  public internal(set) var count: UInt64
  /// What it maps each time.
  public let pages: PageCounts
  /// The first address under which it was read.
  public let first: VirtualAddress
}

/// How many pages of each size.
public struct PageCounts: Equatable, Sendable {
  public internal(set) var small: UInt64 = 0
  public internal(set) var large: UInt64 = 0
  public internal(set) var huge: UInt64 = 0

  public var isEmpty: Bool { small == 0 && large == 0 && huge == 0 }
  public var byteCount: UInt64 { small << 12 &+ large << 21 &+ huge << 30 }

  public subscript(size: PageSize) -> UInt64 {
    switch size {
    case .size4KiB: small
    case .size2MiB: large
    case .size1GiB: huge
    }
  }

  mutating func add(_ count: UInt64, of size: PageSize) {
    switch size {
    case .size4KiB: small &+= count
    case .size2MiB: large &+= count
    case .size1GiB: huge &+= count
    }
  }

  static func += (left: inout Self, right: Self) {
    left.small &+= right.small
    left.large &+= right.large
    left.huge &+= right.huge
  }
}

/// What the whole scan came to.
public struct MapTotals: Equatable, Sendable {
  /// Pages that the query asked for, those of repeated tables included.
  public internal(set) var pages = PageCounts()
  /// Those of them that repeated tables map.
  public internal(set) var repeatedPages = PageCounts()
  public internal(set) var regions: UInt64 = 0
  /// Tables that were read; one that is read at two levels, or with other rights, counts twice.
  public internal(set) var tables: UInt64 = 0
  /// Entries that name a table that was read before.
  public internal(set) var repeatedTables: UInt64 = 0
  /// Entries that lead in a circle, that have reserved bits set, and that name a table which cannot be read.
  public internal(set) var circles: UInt64 = 0
  public internal(set) var reserved: UInt64 = 0
  public internal(set) var unreadable: UInt64 = 0
  /// True when Ctrl-C or the loss of the target ended the scan.
  public internal(set) var isCut = false
}
