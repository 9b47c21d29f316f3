/// The translation of one linear address, with every entry that was read on the way.
///
///     63      48 47    39 38    30 29    21 20    12 11       0
///     | sign    | PML4   | PDPT   | PD     | PT     | offset   |
///
/// The walk looks at memory; the processor may still use a cached translation (SDM Vol. 3A, 4.10.2).
public struct PageWalk: Sendable {
  /// One entry that was read.
  public struct Step: Equatable, Sendable {
    public let level: PagingLevel
    public let index: Int
    public let entryAddress: PhysicalAddress
    public let entry: PageTableEntry
  }

  /// Where the walk ended.
  public enum Outcome: Equatable, Sendable {
    case mapped(PhysicalAddress, size: PageSize)
    /// The entry at this level has P=0.
    case notPresent(PagingLevel)
    /// The entry at this level has bits set that must be zero.
    case reservedBits(PagingLevel, mask: UInt64)
    /// The address was refused before any table was read.
    case nonCanonical
    /// The table at this level is not in memory that can be read; nothing is known beyond it.
    case unreadable(PagingLevel, PhysicalAddress)
  }

  public let address: VirtualAddress
  public let root: PhysicalFrame
  public fileprivate(set) var outcome: Outcome = .nonCanonical
  private var readCount: UInt8 = 0
  private let depth: PagingDepth
  /// Only the raw entries are kept, the rest of a step follows from them: a walk is a value that is copied often,
  /// on kernel stacks of 16 KiB.
  private var entries = InlineArray<5, UInt64>(repeating: 0)

  fileprivate init(address: VirtualAddress, root: PhysicalFrame, depth: PagingDepth) {
    self.address = address
    self.root = root
    self.depth = depth
  }

  /// How many entries were read.
  public var count: Int { Int(readCount) }

  /// The entries in the order in which they were read, `0 ..< count`.
  public subscript(position: Int) -> Step {
    let level = PagingLevel(rawValue: depth.rawValue - UInt8(truncatingIfNeeded: position)) ?? .pageTable
    let table = position == 0 ? root : PageTableEntry(rawValue: entries[position - 1]).frame
    let index = level.index(of: address)
    return Step(
      level: level, index: index, entryAddress: table.address + UInt64(truncatingIfNeeded: index * 8),
      entry: PageTableEntry(rawValue: entries[position]))
  }

  fileprivate mutating func append(_ entry: PageTableEntry) {
    entries[Int(readCount)] = entry.rawValue
    readCount += 1
  }

  /// The byte that the address names, nil unless the walk ended at a page.
  public var physicalAddress: PhysicalAddress? {
    if case .mapped(let address, size: _) = outcome { address } else { nil }
  }

  /// The rights that survive every level: writable and user are the AND of all entries, no-execute the OR.
  /// SDM Vol. 3A, 4.6.1.
  public var rights: PageRights {
    var rights = PageRights.all
    for position in 0..<count { rights.restrict(by: PageTableEntry(rawValue: entries[position])) }
    return rights
  }
}

/// What a translation allows, whoever asks.
public struct PageRights: Equatable, Sendable {
  public var isWritable: Bool
  public var isUser: Bool
  public var isExecutable: Bool

  public init(isWritable: Bool, isUser: Bool, isExecutable: Bool) {
    self.isWritable = isWritable
    self.isUser = isUser
    self.isExecutable = isExecutable
  }

  public static let all = PageRights(isWritable: true, isUser: true, isExecutable: true)

  /// What is left below `entry`.
  public mutating func restrict(by entry: PageTableEntry) {
    if !entry.flags.contains(.writable) { isWritable = false }
    if !entry.flags.contains(.user) { isUser = false }
    if entry.flags.contains(.noExecute) { isExecutable = false }
  }
}

extension PhysicalMemory where Self: ~Copyable {
  /// Walks the tables under `root` for `address`, as the processor would in `mode`.
  public mutating func walk(
    _ address: VirtualAddress, root: PhysicalFrame, mode: PagingMode
  ) -> PageWalk {
    var walk = PageWalk(address: address, root: root, depth: mode.depth)
    guard address.isCanonical(mode.depth) else { return walk }
    var table = root
    var level = mode.depth.root
    while true {
      let index = level.index(of: address)
      let entryAddress = table.address + UInt64(truncatingIfNeeded: index * 8)
      guard let raw = loadEntry(entryAddress) else {
        walk.outcome = .unreadable(level, entryAddress)
        return walk
      }
      let entry = PageTableEntry(rawValue: raw)
      walk.append(entry)
      guard entry.isPresent else {
        walk.outcome = .notPresent(level)
        return walk
      }
      let reserved = entry.reservedBits(at: level, in: mode)
      guard reserved == 0 else {
        walk.outcome = .reservedBits(level, mask: reserved)
        return walk
      }
      if entry.isLeaf(at: level), let size = level.leafSize {
        walk.outcome = .mapped(entry.leafBase(size) + address.offset(in: size), size: size)
        return walk
      }
      guard let next = level.next else { return walk }
      table = entry.frame
      level = next
    }
  }
}
