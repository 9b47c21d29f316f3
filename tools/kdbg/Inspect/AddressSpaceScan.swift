import Session
import X86

/// What one address space maps, item by item in the order of the addresses. No list is built: what is remembered is the
/// region under construction, and a few words for each table that was read, so that none is read twice with the same
/// rights.
public struct AddressSpaceScan {
  public let query: MapQuery
  public let cr3: CR3
  public let mode: PagingMode
  public private(set) var totals = MapTotals()

  private var machine: any Debuggee
  private let interrupt: InterruptRequest?
  private let gauge: TableGauge?
  private var scan: PageTableScan
  private var isDone = false
  /// What is found and not yet given, the next one last.
  private var queue: [MapItem] = []
  private var region: MappedRegion?
  private var repetition: (item: TableRepetition, oddities: UInt64)?
  private var known = KnownTables<Summary>()
  private var open: [OpenTable] = []
  private var extent: MemoryExtent?
  /// The target does not say what is memory, and is not asked again.
  private var hasNoExtents = false

  /// A table as it looks to what is below it.
  private struct TableKey: Equatable {
    /// Never 0: bit 6 is set, which no field has.
    let bits: UInt64

    init(_ table: TableReference) {
      let rights = table.rights
      bits =
        table.frame.address.rawValue | 1 << 6 | UInt64(table.level.rawValue) << 3
        | (rights.isWritable ? 1 : 0)
        | (rights.isUser ? 2 : 0) | (rights.isExecutable ? 4 : 0)
    }
  }

  private struct Summary {
    var pages = PageCounts()
    /// Entries below that are shown as what they are: see ``MapItem``.
    var oddities: UInt64 = 0
    let first: VirtualAddress
  }

  private struct OpenTable {
    /// Nil for a table that is scanned in part only.
    let key: TableKey?
    var summary: Summary
  }

  /// A scan of `machine`, which stands still. A pending request on `interrupt` ends it at the next table.
  public init(
    _ query: MapQuery, of machine: any Debuggee, interrupt: InterruptRequest? = nil, gauge: TableGauge? = nil
  ) {
    self.gauge = gauge
    let registers = machine.coreRegisters
    self.query = query
    self.machine = machine
    self.interrupt = interrupt
    cr3 = query.cr3 ?? registers.cr3
    mode = machine.pagingMode
    scan = PageTableScan(
      root: cr3.root, mode: mode, from: VirtualAddress(query.addresses.lowerBound),
      through: VirtualAddress(query.addresses.upperBound))
  }

  public mutating func next() -> MapItem? {
    while queue.isEmpty, !isDone {
      guard let item = scan.next(memory: &machine) else {
        isDone = true
        closeRegion()
        break
      }
      take(item)
    }
    return queue.popLast()
  }

  private mutating func take(_ item: PageTableScan.Item) {
    switch item {
    case .leaves(let run): take(run)
    case .table(let table): take(table)
    case .tableEnd: closeTable()
    case .reserved(let run):
      totals.reserved += UInt64(run.count)
      noteOddity()
      give(.reserved(run))
    case .unreadable(let table):
      guard machine.state != .ended else { return cut() }
      totals.unreadable += 1
      totals.tables -= 1
      noteOddity()
      closeTable()
      give(.unreadable(table))
    }
  }

  private mutating func cut() {
    totals.isCut = true
    isDone = true
    closeRegion()
  }

  // MARK: Tables

  private mutating func take(_ table: TableReference) {
    if machine.state == .ended || interrupt?.isPending == true { return cut() }
    let key = scan.covers(table) ? TableKey(table) : nil
    if let key, let summary = known[key.bits] {
      scan.skipTable()
      return repeatTable(table, key, summary)
    }
    totals.tables += 1
    gauge?.noteTable()
    if let level = scan.openLevel(of: table.frame) {
      totals.circles += 1
      noteOddity()
      give(.circle(table, opened: level))
    }
    open.append(OpenTable(key: key, summary: Summary(first: table.start)))
    prefetch(below: table)
    if query.listsTables {
      let present = machine.withTable(table.frame) { entries in
        entries.indices.count { PageTableEntry(rawValue: entries[$0]).isPresent }
      }
      // One that cannot be read says so itself.
      if let present { give(.table(table, present: present)) }
    }
  }

  /// The tables of one level are asked for together.
  private mutating func prefetch(below table: TableReference) {
    guard table.level != .pageTable else { return }
    let frames = machine.withTable(table.frame) { entries in
      entries.indices.compactMap { index -> PhysicalFrame? in
        let entry = PageTableEntry(rawValue: entries[index])
        return entry.isPresent && !entry.isLeaf(at: table.level) ? entry.frame : nil
      }
    }
    for frame in frames ?? [] { machine.prefetch(frame.address, byteCount: Int(PhysicalFrame.byteCount)) }
  }

  private mutating func closeTable() {
    guard let table = open.popLast() else { return }
    if let key = table.key { known.set(table.summary, for: key.bits) }
    guard !open.isEmpty else { return }
    open[open.count - 1].summary.pages += table.summary.pages
    open[open.count - 1].summary.oddities += table.summary.oddities
  }

  private mutating func noteOddity() {
    if !open.isEmpty { open[open.count - 1].summary.oddities += 1 }
  }

  private mutating func repeatTable(_ table: TableReference, _ key: TableKey, _ summary: Summary) {
    totals.repeatedTables += 1
    totals.pages += summary.pages
    totals.repeatedPages += summary.pages
    if !open.isEmpty {
      open[open.count - 1].summary.pages += summary.pages
      open[open.count - 1].summary.oddities += summary.oddities
    }
    guard !summary.pages.isEmpty || summary.oddities > 0 || query.listsTables else { return }
    if let before = repetition?.item, TableKey(before.table) == key, before.last + 1 == table.start {
      repetition?.item.last = table.last
      repetition?.item.count += 1
      return
    }
    closeRegion()
    repetition = (
      TableRepetition(
        table: table, last: table.last, count: 1, pages: summary.pages, first: summary.first),
      summary.oddities
    )
  }

  // MARK: Pages

  private mutating func take(_ run: LeafRun) {
    guard query.takes(run) else { return }
    let end = run.highest.rawValue &+ (run.size.bytes - 1)
    let known = backing(run.lowest, through: end)
    let isWhole = query.physical.map { $0.lowerBound <= run.lowest.rawValue && end <= $0.upperBound } ?? true
    if isWhole, query.grouping != .none, let known {
      return add(region(of: run, known))
    }
    takeOneByOne(run)
  }

  private func region(of run: LeafRun, _ backing: MemoryBacking?) -> MappedRegion {
    MappedRegion(
      start: run.start, last: run.last, rights: run.rights, isGlobal: run.isGlobal,
      cacheIndex: run.cacheIndex, size: run.size, pageCount: UInt64(run.count),
      physical: run.isContiguous ? run.physical : nil, backing: backing)
  }

  /// Each page of `run` for itself: they are listed so, or not all of them are asked for, or differ in what stands
  /// behind.
  private mutating func takeOneByOne(_ run: LeafRun) {
    let frame = PhysicalFrame(containing: run.entryAddress)
    let first = Int(run.entryAddress.rawValue & 0xfff) / 8
    let entries = machine.withTable(frame) { entries in
      (first..<min(first + run.count, entries.count)).map { entries[$0] }
    }
    for (position, raw) in (entries ?? []).enumerated() {
      let physical = PageTableEntry(rawValue: raw).leafBase(run.size)
      let end = physical.rawValue + (run.size.bytes - 1)
      if let wanted = query.physical {
        guard physical.rawValue <= wanted.upperBound, wanted.lowerBound <= end else { continue }
      }
      let start = run.start + UInt64(position) * run.size.bytes
      add(
        MappedRegion(
          start: start, last: start + (run.size.bytes - 1), rights: run.rights, isGlobal: run.isGlobal,
          cacheIndex: run.cacheIndex, size: run.size, pageCount: 1, physical: physical,
          backing: backing(physical, through: end) ?? nil))
    }
    // The first one is given first.
    if query.grouping == .none { queue.reverse() }
  }

  private mutating func add(_ new: MappedRegion) {
    if let size = new.size {
      totals.pages.add(new.pageCount, of: size)
      if !open.isEmpty { open[open.count - 1].summary.pages.add(new.pageCount, of: size) }
    }
    guard !query.listsTables else { return }
    if region?.join(new, query.grouping) == true { return }
    closeRegion()
    guard query.grouping != .none else {
      totals.regions += 1
      queue.append(.region(new))
      return
    }
    region = new
  }

  /// Gives what was under construction, before anything else is.
  private mutating func closeRegion() {
    if let region {
      totals.regions += 1
      queue.insert(.region(region), at: 0)
    }
    if let repetition { queue.insert(.repetition(repetition.item), at: 0) }
    region = nil
    repetition = nil
  }

  private mutating func give(_ item: MapItem) {
    closeRegion()
    queue.insert(item, at: 0)
  }

  /// What stands from `first` to `last`, where it is one kind of thing: nil where it is several, `.some(nil)` where
  /// nobody knows.
  private mutating func backing(_ first: PhysicalAddress, through last: UInt64) -> MemoryBacking?? {
    if let extent, extent.first <= first.rawValue, last <= extent.last { return .some(extent.backing) }
    guard !hasNoExtents, let found = machine.memoryExtent(at: first) else {
      hasNoExtents = true
      return .some(nil)
    }
    extent = found
    return last <= found.last ? .some(found.backing) : nil
  }
}

extension MappedRegion {
  /// Takes `next` in. False when it does not belong to this region.
  fileprivate mutating func join(_ next: MappedRegion, _ grouping: MapQuery.Grouping) -> Bool {
    guard grouping != .none, last + 1 == next.start, next.start.rawValue != 0, rights == next.rights,
      isGlobal == next.isGlobal
    else { return false }
    if grouping == .everything {
      guard size == next.size, cacheIndex == next.cacheIndex, backing == next.backing else { return false }
    } else {
      if size != next.size { size = nil }
      if backing != next.backing { backing = nil }
    }
    let follows = physical.map { $0 + (next.start.rawValue &- start.rawValue) == next.physical } ?? false
    if !follows { physical = nil }
    last = next.last
    pageCount += next.pageCount
    return true
  }
}
