/// A run of linear addresses that are mapped with the same effective rights, whatever they map.
public struct MappedRange: Equatable, Sendable {
  public let start: VirtualAddress
  /// The last byte: a range may reach to the end of the address space.
  public fileprivate(set) var last: VirtualAddress
  public let rights: PageRights
  /// G of the leaf: the translation survives a load of CR3. SDM Vol. 3A, 4.10.2.4.
  public let isGlobal: Bool
}

/// Finds the mapped ranges of one address space, lowest first.
public struct MappedRangeSearch: Sendable {
  /// How many tables may still be read: tables that lead to themselves map more than anybody waits for.
  public private(set) var tablesLeft: Int
  /// Where the search ended before its time, because no more tables may be read.
  public private(set) var stop: VirtualAddress?
  private var scan: PageTableScan
  private var found: MappedRange?

  public init(root: PhysicalFrame, mode: PagingMode, tables: Int) {
    scan = PageTableScan(root: root, mode: mode)
    tablesLeft = tables
  }

  /// The next range; nil when there is none, or when the search ended.
  public mutating func next<Memory: PhysicalMemory & ~Copyable>(memory: inout Memory) -> MappedRange? {
    while stop == nil, let item = scan.next(memory: &memory) {
      switch item {
      case .leaves(let run):
        let before = found
        if let before, before.continues(into: run) {
          found?.last = run.last
          continue
        }
        found = MappedRange(start: run.start, last: run.last, rights: run.rights, isGlobal: run.isGlobal)
        if before != nil { return before }
      case .table(let table):
        if tablesLeft > 0 { tablesLeft &-= 1 } else { stop = table.start }
      case .tableEnd, .reserved, .unreadable: continue
      }
    }
    defer { found = nil }
    return found
  }
}

extension MappedRange {
  fileprivate func continues(into run: LeafRun) -> Bool {
    last + 1 == run.start && run.start.rawValue != 0 && rights == run.rights && isGlobal == run.isGlobal
  }
}

extension PageWalk {
  /// How many addresses share the end of this walk, a power of two: the size of the page, or what the entry covers that
  /// is absent or broken.
  public var coveredBytes: UInt64 {
    switch outcome {
    case .mapped(_, let size): size.bytes
    case .notPresent(let level), .reservedBits(let level, _), .unreadable(let level, _): level.entryBytes
    case .nonCanonical: PageSize.size4KiB.bytes
    }
  }
}
