import X86

/// What was seen on the way to everything that an entry needs. Addresses are kept, not walks: who reports one walks
/// again.
struct NeededPaths: Sendable {
  /// The slots of the root table that were used, bit n of word n/64.
  var slots = InlineArray<8, UInt64>(repeating: 0)
  /// The first address whose walk reads a table outside memory: RT-092.
  var tableOutside: UInt64?
  /// The first address whose walk could not be followed to its end.
  var unreadable: UInt64?
  /// The first address whose page is outside memory: RT-093.
  var leafOutside: UInt64?
  /// The first address that ends at a large page of the wrong shape: RT-112.
  var misshapen: UInt64?
  /// The first address whose page, or a table on the way, is not cached as write-back memory: RT-113.
  var uncached: UInt64?
  /// True when an entry chose a memory type that only IA32_PAT could name.
  var isTypeUnknown = false

  mutating func note(
    _ walk: PageWalk, _ access: PageAccess, map: borrowing MemoryMap, types: MemoryTypes, mode: PagingMode
  ) {
    if walk.count > 0 {
      let slot = walk[0].index & 511
      slots[slot >> 6] |= 1 << UInt64(slot & 63)
    }
    noteMemory(walk, map)
    if !access.isFetch { noteTypes(walk, types) }
    if case .reservedBits(let level, let mask) = walk.outcome, misshapen == nil,
      level == .pageDirectory || level == .pageDirectoryPointer,
      mask & NeededPaths.shapeBits(level, mode) != 0
    {
      misshapen = walk.address.rawValue
    }
  }

  private mutating func noteMemory(_ walk: PageWalk, _ map: borrowing MemoryMap) {
    if case .unreadable = walk.outcome, unreadable == nil { unreadable = walk.address.rawValue }
    guard map.isKnown else { return }
    var map = copy map
    if tableOutside == nil {
      for position in 0..<walk.count
      where !map.contains(PhysicalFrame(containing: walk[position].entryAddress)) {
        tableOutside = walk.address.rawValue
      }
      // The table that could not be read has no entry of its own in the walk.
      if case .unreadable(_, let address) = walk.outcome, !map.contains(PhysicalFrame(containing: address)) {
        tableOutside = walk.address.rawValue
      }
    }
    if leafOutside == nil, let physical = walk.physicalAddress,
      !map.contains(PhysicalFrame(containing: physical))
    {
      leafOutside = walk.address.rawValue
    }
  }

  private mutating func noteTypes(_ walk: PageWalk, _ types: MemoryTypes) {
    guard uncached == nil else { return }
    for position in 0..<walk.count {
      let step = walk[position]
      guard step.entry.isPresent else { return }
      switch types.isWriteBack(step.entry, isLeaf: step.entry.isLeaf(at: step.level), at: step.level) {
      case true: continue
      case false: uncached = walk.address.rawValue
      case nil: isTypeUnknown = true
      }
    }
  }

  /// The reserved bits that are about the shape of a large page: its address bits below its size, and PS where the
  /// processor has no such size.
  private static func shapeBits(_ level: PagingLevel, _ mode: PagingMode) -> UInt64 {
    guard let size = level.leafSize else { return 0 }
    let padding = (size.bytes &- 1) & PageTableEntry.addressMask & ~PageTableEntry.largePagePAT
    return level == .pageDirectoryPointer && !mode.hasGigabytePages
      ? padding | PageTableEntry.Flags.pageSize.rawValue : padding
  }
}

/// The memory types that the bits of an entry choose. SDM Vol. 3A, 11.12.3.
struct MemoryTypes: Sendable {
  /// IA32_PAT, where it is known.
  let table: UInt64?

  /// Nil when it is not known.
  func isWriteBack(_ entry: PageTableEntry, isLeaf: Bool, at level: PagingLevel) -> Bool? {
    var index = entry.cacheIndex(isLeaf ? level.leafSize ?? .size4KiB : .size2MiB)
    // A table is found by PCD and PWT alone.
    if !isLeaf { index &= 3 }
    guard let type = MemoryType(index: index, of: table) else { return table == nil ? nil : false }
    return type == .writeBack
  }
}
