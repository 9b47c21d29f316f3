/// Pages that follow each other in one table, with the same rights, G, memory type and size.
public struct LeafRun: Equatable, Sendable {
  public let start: VirtualAddress
  /// How many pages.
  public let count: Int
  public let size: PageSize
  /// Where the entry of the first page stands; those of the others follow it.
  public let entryAddress: PhysicalAddress
  /// What survives all levels.
  public let rights: PageRights
  /// G of the leaves: the translation survives a load of CR3. SDM Vol. 3A, 4.10.2.4.
  public let isGlobal: Bool
  /// PAT, PCD and PWT: which entry of IA32_PAT has the memory type. SDM Vol. 3A, 4.9.2.
  public let cacheIndex: UInt8
  /// What the first page maps.
  public let physical: PhysicalAddress
  /// The lowest frame that one of the pages maps, and the highest.
  public let lowest: PhysicalAddress
  public let highest: PhysicalAddress
  /// Each page maps what follows the frame of the page before it.
  public let isContiguous: Bool

  public var byteCount: UInt64 { UInt64(truncatingIfNeeded: count) &* size.bytes }
  /// The last byte: a run may reach to the end of the address space.
  public var last: VirtualAddress { start + (byteCount &- 1) }
}

/// A table, and the entry that names it.
public struct TableReference: Equatable, Sendable {
  public let frame: PhysicalFrame
  public let level: PagingLevel
  /// What the entries on the way leave to everything below.
  public let rights: PageRights
  /// The first address that the table translates; 0 for a root table.
  public let start: VirtualAddress
  /// Where the entry stands that names the table; nil for the root.
  public let entryAddress: PhysicalAddress?

  /// The last address that it translates.
  public var last: VirtualAddress {
    entryAddress == nil ? VirtualAddress(.max) : start + (level.tableBytes &- 1)
  }

  /// The level and the index of the entry that names the table; nil for the root.
  public var position: (level: PagingLevel, index: Int)? {
    guard let entryAddress, let above = PagingLevel(rawValue: level.rawValue &+ 1) else { return nil }
    return (above, Int(truncatingIfNeeded: entryAddress.rawValue & 0xfff) / 8)
  }
}

/// Entries that follow each other in one table and have the same bits set that must be zero: whatever they translate
/// faults.
public struct ReservedRun: Equatable, Sendable {
  public let level: PagingLevel
  public let index: Int
  public let count: Int
  /// The first address that the first entry stands for.
  public let start: VirtualAddress
  public let entryAddress: PhysicalAddress
  /// The first one.
  public let entry: PageTableEntry
  /// The bits.
  public let mask: UInt64

  public var last: VirtualAddress {
    start + (UInt64(truncatingIfNeeded: count) &* level.entryBytes &- 1)
  }
}

extension PagingLevel {
  /// How many bytes of addresses one entry of this level's table stands for.
  public var entryBytes: UInt64 { 1 << (3 &+ 9 &* UInt64(rawValue)) }
  /// How many the whole table stands for. Five levels leave room for the sum.
  public var tableBytes: UInt64 { entryBytes &* 512 }
}

extension PageTableEntry {
  /// PAT, PCD and PWT of a leaf that maps a page of `size`, as the index into IA32_PAT. SDM Vol. 3A, 4.9.2.
  public func cacheIndex(_ size: PageSize) -> UInt8 {
    let hasPAT = size == .size4KiB ? flags.contains(.pageSize) : rawValue & Self.largePagePAT != 0
    return (flags.contains(.writeThrough) ? 1 : 0) | (flags.contains(.cacheDisable) ? 2 : 0)
      | (hasPAT ? 4 : 0)
  }
}

/// Tells the entries of one level's tables apart.
struct EntryKinds: Sendable {
  enum Content {
    case nothing
    case reserved(UInt64)
    case table
    case leaves(PageSize, lowest: PhysicalAddress, highest: PhysicalAddress, isContiguous: Bool)
  }

  /// What begins at index `start` and goes on to `end`, the first index behind.
  struct Found {
    let content: Content
    let start: Int
    let end: Int
    let entry: PageTableEntry
  }

  private let level: PagingLevel
  private let leafSize: PageSize?
  private let reservedInLeaf: UInt64
  private let reservedInTable: UInt64
  /// The bits in which the leaves of a run agree.
  private let attributes: UInt64
  /// The bits that name a leaf's frame.
  private let addressBits: UInt64

  init(level: PagingLevel, mode: PagingMode) {
    self.level = level
    leafSize = level.leafSize
    reservedInLeaf = PageTableEntry.reservedMask(at: level, isLeaf: true, in: mode)
    reservedInTable = PageTableEntry.reservedMask(at: level, isLeaf: false, in: mode)
    let flags: PageTableEntry.Flags =
      .present | .writable | .user | .writeThrough | .cacheDisable | .pageSize | .global | .noExecute
    let size = level.leafSize ?? .size4KiB
    let pat = size == .size4KiB ? 0 : PageTableEntry.largePagePAT
    attributes = flags.rawValue | pat | reservedInLeaf
    addressBits = PageTableEntry.addressMask & ~(size.bytes &- 1)
  }

  /// The first thing in `table` from index `from` on, before `to`.
  func next(in table: Span<UInt64>, from: Int, to: Int) -> Found {
    let to = min(to, table.count)
    var index = from
    while index < to, table[index] & PageTableEntry.Flags.present.rawValue == 0 { index &+= 1 }
    guard index < to else {
      return Found(content: .nothing, start: to, end: to, entry: PageTableEntry(rawValue: 0))
    }
    let entry = PageTableEntry(rawValue: table[index])
    let isLeaf = entry.isLeaf(at: level)
    let mask = isLeaf ? reservedInLeaf : reservedInTable
    if entry.rawValue & mask != 0 { return reserved(table, index, to, entry) }
    guard isLeaf, let leafSize else {
      return Found(content: .table, start: index, end: index &+ 1, entry: entry)
    }
    return leaves(table, index, to, leafSize)
  }

  private func reservedBits(_ entry: PageTableEntry) -> UInt64 {
    entry.rawValue & (entry.isLeaf(at: level) ? reservedInLeaf : reservedInTable)
  }

  private func reserved(_ table: Span<UInt64>, _ start: Int, _ to: Int, _ entry: PageTableEntry) -> Found {
    let bits = reservedBits(entry)
    var end = start &+ 1
    while end < to {
      let next = PageTableEntry(rawValue: table[end])
      guard next.isPresent, reservedBits(next) == bits else { break }
      end &+= 1
    }
    return Found(content: .reserved(bits), start: start, end: end, entry: entry)
  }

  /// Most runs map one frame after the other, and that is asked first: one comparison a page. Most of those reach to the
  /// end of their table.
  private func leaves(_ table: Span<UInt64>, _ start: Int, _ to: Int, _ size: PageSize) -> Found {
    let first = table[start]
    var expected = first &+ size.bytes
    var end = start &+ 1
    if areOneRun(table.extracting(start..<to), size) {
      end = to
      expected = first &+ UInt64(truncatingIfNeeded: to &- start) &* size.bytes
    }
    while end < to, (table[end] ^ expected) & (attributes | addressBits) == 0 {
      end &+= 1
      expected &+= size.bytes
    }
    var lowest = first & addressBits
    var highest = (expected &- size.bytes) & addressBits
    let contiguousEnd = end
    while end < to, (table[end] ^ first) & attributes == 0 {
      let frame = table[end] & addressBits
      lowest = min(lowest, frame)
      highest = max(highest, frame)
      end &+= 1
    }
    return Found(
      content: .leaves(
        size, lowest: PhysicalAddress(truncating: lowest), highest: PhysicalAddress(truncating: highest),
        isContiguous: end == contiguousEnd), start: start, end: end, entry: PageTableEntry(rawValue: first))
  }

  /// True when `entries` map one frame after the other with the same attributes. A loop without decisions, which is made
  /// several entries at a time; it is worth it where the last entry looks so.
  private func areOneRun(_ entries: Span<UInt64>, _ size: PageSize) -> Bool {
    let count = entries.count
    guard count > 1 else { return false }
    let first = entries[0]
    let distance = UInt64(truncatingIfNeeded: count &- 1) &* size.bytes
    guard (entries[count &- 1] ^ (first &+ distance)) & (attributes | addressBits) == 0 else { return false }
    var expected = first
    var different: UInt64 = 0
    for index in 0..<count {
      different |= entries[index] ^ expected
      expected &+= size.bytes
    }
    return different & (attributes | addressBits) == 0
  }
}
