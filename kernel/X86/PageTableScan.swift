/// Goes through the tables of one address space in the order of the addresses that they translate, and stops at
/// whatever they hold: neighbouring pages of one kind, tables, entries that the processor refuses, tables that nobody
/// can read.
///
/// It holds one position a level and nothing else. What is worth reading twice is the caller's decision, made at each
/// table with ``skipTable()``: tables that lead to themselves map more pages than anybody waits for.
public struct PageTableScan: Sendable {
  public enum Item: Equatable, Sendable {
    case leaves(LeafRun)
    /// An entry (or CR3) names this table. It is read next, unless ``skipTable()`` is called.
    case table(TableReference)
    /// The table that was entered last and not left yet is done.
    case tableEnd(PagingLevel)
    case reserved(ReservedRun)
    /// The table is not in memory that can be read; nothing is known of what it translates. No `tableEnd` follows.
    case unreadable(TableReference)
  }

  private let mode: PagingMode
  private let first: UInt64
  private let last: UInt64
  /// The table that was named and not entered yet.
  private var named: TableReference?
  /// The level of the table that is read; nil outside of all.
  private var level: PagingLevel?
  private var frames = InlineArray<6, UInt64>(repeating: 0)
  private var starts = InlineArray<6, UInt64>(repeating: 0)
  private var positions = InlineArray<6, Int>(repeating: 0)
  private var rights = InlineArray<6, PageRights>(repeating: .all)
  private var kinds: InlineArray<6, EntryKinds>
  private var isBegun = false
  private let root: PhysicalFrame

  /// A scan of what `root` translates from `first` to `last`, the last address itself included. Pages that begin before
  /// or end behind are given as a whole.
  public init(
    root: PhysicalFrame, mode: PagingMode, from first: VirtualAddress = VirtualAddress(0),
    through last: VirtualAddress = VirtualAddress(.max)
  ) {
    self.root = root
    self.mode = mode
    kinds = InlineArray(repeating: EntryKinds(level: mode.depth.root, mode: mode))
    var level = mode.depth.root
    while let below = level.next {
      kinds[Int(below.rawValue)] = EntryKinds(level: below, mode: mode)
      level = below
    }
    let lowerEnd = (UInt64(1) << UInt64(mode.depth.addressBits &- 1)) &- 1
    // Nobody translates the addresses between the halves.
    self.first = first.isCanonical(mode.depth) ? first.rawValue : ~lowerEnd
    self.last = last.isCanonical(mode.depth) ? last.rawValue : lowerEnd
  }

  /// The next thing there is; nil at the end.
  public mutating func next<Memory: PhysicalMemory & ~Copyable>(memory: inout Memory) -> Item? {
    guard isBegun else {
      isBegun = true
      guard first <= last else { return nil }
      return name(
        TableReference(
          frame: root, level: mode.depth.root, rights: .all, start: VirtualAddress(0), entryAddress: nil))
    }
    if let table = named { enter(table) }
    guard let level else { return nil }
    let slot = Int(level.rawValue)
    let table = PhysicalFrame(containing: PhysicalAddress(truncating: frames[slot]))
    let from = positions[slot]
    let to = end(of: slot, level)
    guard from < to else { return leave(level) }
    let kinds = kinds[slot]
    guard let found = memory.withTable(table, { kinds.next(in: $0, from: from, to: to) }) else {
      let reference = reference(slot, level)
      _ = leave(level)
      return .unreadable(reference)
    }
    positions[slot] = found.end
    let entryAddress = table.address + UInt64(truncatingIfNeeded: found.start &* 8)
    let start = address(slot, level, found.start)
    switch found.content {
    case .nothing: return leave(level)
    case .reserved(let mask):
      return .reserved(
        ReservedRun(
          level: level, index: found.start, count: found.end &- found.start, start: start,
          entryAddress: entryAddress, entry: found.entry, mask: mask))
    case .table:
      guard let below = level.next else { return leave(level) }
      var allowed = rights[slot]
      allowed.restrict(by: found.entry)
      return name(
        TableReference(
          frame: found.entry.frame, level: below, rights: allowed, start: start, entryAddress: entryAddress))
    case .leaves(let size, let lowest, let highest, let isContiguous):
      var allowed = rights[slot]
      allowed.restrict(by: found.entry)
      return .leaves(
        LeafRun(
          start: start, count: found.end &- found.start, size: size, entryAddress: entryAddress,
          rights: allowed, isGlobal: found.entry.flags.contains(.global),
          cacheIndex: found.entry.cacheIndex(size), physical: found.entry.leafBase(size), lowest: lowest,
          highest: highest, isContiguous: isContiguous))
    }
  }

  /// Passes the table that was named last.
  public mutating func skipTable() { named = nil }

  /// At which level `frame` is being read at this moment: an entry that names it again leads in a circle. Nil when it
  /// is not.
  public mutating func openLevel(of frame: PhysicalFrame) -> PagingLevel? {
    guard let level else { return nil }
    var slot = level.rawValue
    while slot <= mode.depth.root.rawValue {
      if frames[Int(slot)] == frame.address.rawValue { return PagingLevel(rawValue: slot) }
      slot &+= 1
    }
    return nil
  }

  /// True when all that the table translates lies inside of what is scanned.
  public func covers(_ table: TableReference) -> Bool {
    if table.entryAddress == nil { return first == 0 && last == .max }
    return first <= table.start.rawValue && table.last.rawValue <= last
  }

  private mutating func name(_ table: TableReference) -> Item {
    named = table
    return .table(table)
  }

  private mutating func enter(_ table: TableReference) {
    let slot = Int(table.level.rawValue)
    level = table.level
    frames[slot] = table.frame.address.rawValue
    starts[slot] = table.start.rawValue
    rights[slot] = table.rights
    let isCut = table.entryAddress == nil || first > table.start.rawValue
    positions[slot] = isCut ? table.level.index(of: VirtualAddress(first)) : 0
    named = nil
  }

  /// Goes on with the table above, which stands behind the entry that named this one already.
  private mutating func leave(_ level: PagingLevel) -> Item {
    self.level = level == mode.depth.root ? nil : PagingLevel(rawValue: level.rawValue &+ 1)
    return .tableEnd(level)
  }

  private mutating func reference(_ slot: Int, _ level: PagingLevel) -> TableReference {
    let frame = PhysicalFrame(containing: PhysicalAddress(truncating: frames[slot]))
    var entryAddress: PhysicalAddress?
    if level != mode.depth.root {
      // The table above stands behind the entry that was followed.
      entryAddress = PhysicalAddress(
        truncating: frames[slot &+ 1] &+ UInt64(truncatingIfNeeded: (positions[slot &+ 1] &- 1) &* 8))
    }
    return TableReference(
      frame: frame, level: level, rights: rights[slot], start: VirtualAddress(starts[slot]),
      entryAddress: entryAddress)
  }

  /// The first index that is not looked at.
  private mutating func end(of slot: Int, _ level: PagingLevel) -> Int {
    if level == mode.depth.root { return level.index(of: VirtualAddress(last)) &+ 1 }
    return starts[slot] &+ (level.tableBytes &- 1) <= last ? 512 : level.index(of: VirtualAddress(last)) &+ 1
  }

  /// The first address that entry `index` translates, sign-extended.
  private mutating func address(_ slot: Int, _ level: PagingLevel, _ index: Int) -> VirtualAddress {
    let address = starts[slot] &+ UInt64(truncatingIfNeeded: index) &* level.entryBytes
    let isUpper = level == mode.depth.root && index >= 256
    return VirtualAddress(isUpper ? address | ~0 << UInt64(mode.depth.addressBits) : address)
  }
}
