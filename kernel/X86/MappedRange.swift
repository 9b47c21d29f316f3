/// A run of linear addresses that are mapped with the same effective rights, whatever they map.
public struct MappedRange: Equatable, Sendable {
  public let start: VirtualAddress
  /// The last byte: a range may reach to the end of the address space.
  public fileprivate(set) var last: VirtualAddress
  public let rights: PageRights
  /// G of the leaf: the translation survives a load of CR3. SDM Vol. 3A, 4.10.2.4.
  public let isGlobal: Bool
}

/// Finds the mapped ranges of one address space, lowest first. Each table entry costs one walk at most, and what one
/// absent entry covers is passed at once.
public struct MappedRangeSearch: Sendable {
  /// Where the search goes on; nil after the last address.
  public private(set) var position: VirtualAddress? = VirtualAddress(0)
  /// How many walks may still be made: tables that lead to themselves map more than anybody waits for. When none is
  /// left the search ends before its time, with a ``position``.
  public private(set) var walksLeft: Int
  private let root: PhysicalFrame
  private let mode: PagingMode

  public init(root: PhysicalFrame, mode: PagingMode, walks: Int) {
    self.root = root
    self.mode = mode
    walksLeft = walks
  }

  /// The next range; nil when there is none, or when no walk is left.
  public mutating func next<Memory: PhysicalMemory & ~Copyable>(memory: inout Memory) -> MappedRange? {
    var range: MappedRange?
    while let here = position, walksLeft > 0 {
      walksLeft &-= 1
      let walk = memory.walk(here, root: root, mode: mode)
      let last = here.rawValue | (walk.coveredBytes &- 1)
      if walk.physicalAddress != nil {
        let (rights, isGlobal) = (walk.rights, walk.isGlobal)
        if let found = range, found.rights != rights || found.isGlobal != isGlobal { return found }
        if range == nil {
          range = MappedRange(start: here, last: here, rights: rights, isGlobal: isGlobal)
        }
        range?.last = VirtualAddress(last)
        pass(last)
        // Addresses that nobody can use lie between the halves.
        if position != VirtualAddress(last &+ 1) { return range }
      } else {
        pass(last)
        if range != nil { return range }
      }
    }
    return range
  }

  private mutating func pass(_ last: UInt64) {
    let next = VirtualAddress(last &+ 1)
    guard next.rawValue != 0 else {
      position = nil
      return
    }
    let upperHalf = ~((UInt64(1) << UInt64(mode.depth.addressBits &- 1)) &- 1)
    position = next.isCanonical(mode.depth) ? next : VirtualAddress(upperHalf)
  }
}

extension PageWalk {
  /// How many addresses share the end of this walk, a power of two: the size of the page, or what the entry covers that
  /// is absent or broken.
  public var coveredBytes: UInt64 {
    switch outcome {
    case .mapped(_, let size): size.bytes
    case .notPresent(let level), .reservedBits(let level, _), .unreadable(let level, _):
      1 << (3 &+ 9 &* UInt64(level.rawValue))
    case .nonCanonical: PageSize.size4KiB.bytes
    }
  }

  /// G of the page that the walk ended at.
  public var isGlobal: Bool {
    guard case .mapped = outcome, count > 0 else { return false }
    return self[count &- 1].entry.flags.contains(.global)
  }
}
