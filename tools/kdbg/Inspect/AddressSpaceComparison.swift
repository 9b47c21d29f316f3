import Session
import X86

/// What two address spaces translate differently. Tables that both name, with the same rights, are passed without a look.
public struct AddressSpaceComparison {
  public let first: CR3
  public let second: CR3
  public private(set) var totals = DifferenceTotals()
  /// The root table's private entries that are not the same; what is below them is no difference.
  public private(set) var privateEntries: [Int] = []

  private let mode: PagingMode
  private let isKernelHalf: Bool
  private let declaredPrivate: Set<Int>
  private let interrupt: InterruptRequest?
  private let gauge: TableGauge?
  private var machine: any Debuggee
  private var pending: AddressSpaceDifference?
  /// What pairs of tables came to that were compared before.
  private var known: [Pair: DifferenceTotals] = [:]

  private struct Pair: Hashable {
    let first: Node
    let second: Node
  }

  /// What one entry makes of the addresses that it stands for.
  private enum Node: Hashable {
    case absent
    case table(frame: UInt64, rights: RightsBits)
    case page(physical: UInt64, PageAttributes)
    /// Reserved bits are set, or the table cannot be read.
    case broken

    var isTable: Bool { if case .table = self { true } else { false } }
    var attributes: PageAttributes? { if case .page(_, let attributes) = self { attributes } else { nil } }
  }

  /// Compares the tables of `first` and `second` in `machine`, which stands still. In the root table's entries of
  /// `declaredPrivate` the two may differ.
  public init(
    _ first: CR3, _ second: CR3, half: ComparedHalf, declaredPrivate: Set<Int> = [], of machine: any Debuggee,
    interrupt: InterruptRequest? = nil, gauge: TableGauge? = nil
  ) {
    self.gauge = gauge
    self.first = first
    self.second = second
    self.machine = machine
    self.interrupt = interrupt
    mode = machine.pagingMode
    isKernelHalf = half == .kernel
    self.declaredPrivate = declaredPrivate
  }

  /// Gives each difference, in the order of the addresses.
  public mutating func run(_ each: (AddressSpaceDifference) -> Void) {
    let all = RightsBits(.all)
    compareTables(
      .table(frame: first.root.address.rawValue, rights: all),
      .table(frame: second.root.address.rawValue, rights: all), mode.depth.root, start: 0, parting: nil, each)
    close(each)
  }

  // MARK: Tables

  /// Compares entry by entry what the tables at `level` translate.
  private mutating func compareTables(
    _ left: Node, _ right: Node, _ level: PagingLevel, start: UInt64, parting: Parting?,
    _ each: (AddressSpaceDifference) -> Void
  ) {
    guard left != right else { return }
    if machine.state == .ended || interrupt?.isPending == true {
      totals.isCut = true
      return
    }
    let pair = Pair(first: left, second: right)
    if let before = known[pair] {
      return repeatPair(before, level, start, parting, each)
    }
    let totalsBefore = totals
    for node in [left, right] where node.isTable { gauge?.noteTable() }
    prefetch(left, right, level)
    let leftEntries = entries(of: left, level)
    let rightEntries = entries(of: right, level)
    if leftEntries == nil || rightEntries == nil {
      add(
        AddressSpaceDifference(
          kind: .unreadable, start: VirtualAddress(start),
          last: VirtualAddress(start &+ (level.tableBytes &- 1)),
          first: nil, second: nil, parting: parting), each)
    } else if let leftEntries, let rightEntries {
      let isRoot = level == mode.depth.root
      for index in (isRoot && isKernelHalf ? 256 : 0)..<512 where !totals.isCut {
        var address = start &+ UInt64(index) &* level.entryBytes
        if isRoot, index >= 256 { address |= ~0 << UInt64(mode.depth.addressBits) }
        if isRoot, declaredPrivate.contains(index) {
          if leftEntries[index].node != rightEntries[index].node { privateEntries.append(index) }
          continue
        }
        compare(leftEntries[index], rightEntries[index], level, index, address, parting, each)
      }
    }
    if left.isTable || right.isTable { known[pair] = totals.since(totalsBefore) }
  }

  /// One entry of either side: the node, and its raw value for whoever asks where the two part.
  private typealias Entry = (node: Node, raw: UInt64)

  private mutating func compare(
    _ left: Entry, _ right: Entry, _ level: PagingLevel, _ index: Int, _ address: UInt64,
    _ parting: Parting?, _ each: (AddressSpaceDifference) -> Void
  ) {
    guard left.node != right.node else { return }
    // As long as both go on to tables, they have not parted.
    let place =
      parting
      ?? (left.node.isTable && right.node.isTable
        ? nil
        : Parting(
          level: level, index: index, first: PageTableEntry(rawValue: left.raw),
          second: PageTableEntry(rawValue: right.raw)))
    if left.node.isTable || right.node.isTable, let next = level.next {
      compareTables(left.node, right.node, next, start: address, parting: place, each)
      return
    }
    let kind: AddressSpaceDifference.Kind =
      switch (left.node, right.node) {
      case (.page, .absent): .onlyFirst
      case (.absent, .page): .onlySecond
      case (.page(let leftPhysical, _), .page(let rightPhysical, _)):
        leftPhysical == rightPhysical ? .otherRights : .otherMemory
      default: .malformed
      }
    add(
      AddressSpaceDifference(
        kind: kind, start: VirtualAddress(address), last: VirtualAddress(address &+ (level.entryBytes &- 1)),
        first: left.node.attributes, second: right.node.attributes, parting: place), each)
  }

  /// What each of the 512 entries below `node` is; nil for a table that cannot be read.
  private mutating func entries(of node: Node, _ level: PagingLevel) -> [Entry]? {
    switch node {
    case .absent: return Array(repeating: (.absent, 0), count: 512)
    case .broken: return Array(repeating: (.broken, 0), count: 512)
    case .page(let physical, let attributes):
      return (0..<512).map { (.page(physical: physical &+ UInt64($0) &* level.entryBytes, attributes), 0) }
    case .table(let frame, let rights):
      let raw = machine.withTable(PhysicalFrame(containing: PhysicalAddress(truncating: frame))) { entries in
        entries.indices.map { entries[$0] }
      }
      return raw?.map { (self.node(of: PageTableEntry(rawValue: $0), level, below: rights), $0) }
    }
  }

  private func node(of entry: PageTableEntry, _ level: PagingLevel, below rights: RightsBits) -> Node {
    guard entry.isPresent else { return .absent }
    guard entry.reservedBits(at: level, in: mode) == 0 else { return .broken }
    var allowed = rights.rights
    allowed.restrict(by: entry)
    guard entry.isLeaf(at: level), let size = level.leafSize else {
      return .table(frame: entry.frame.address.rawValue, rights: RightsBits(allowed))
    }
    return .page(
      physical: entry.leafBase(size).rawValue,
      PageAttributes(
        rights: RightsBits(allowed), isGlobal: entry.flags.contains(.global),
        cacheIndex: entry.cacheIndex(size)))
  }

  private mutating func prefetch(_ left: Node, _ right: Node, _ level: PagingLevel) {
    for node in [left, right] {
      guard case .table(let frame, _) = node else { continue }
      machine.prefetch(PhysicalAddress(truncating: frame), byteCount: Int(PhysicalFrame.byteCount))
    }
    guard level != .pageTable else { return }
    let entries = [left, right].map { node -> [UInt64] in
      guard case .table(let frame, _) = node else { return Array(repeating: 0, count: 512) }
      return machine.withTable(PhysicalFrame(containing: PhysicalAddress(truncating: frame))) { entries in
        entries.indices.map { entries[$0] }
      } ?? Array(repeating: 0, count: 512)
    }
    for (left, right) in zip(entries[0], entries[1]) where left != right {
      for raw in [left, right] {
        let entry = PageTableEntry(rawValue: raw)
        guard entry.isPresent, !entry.isLeaf(at: level) else { continue }
        machine.prefetch(entry.frame.address, byteCount: Int(PhysicalFrame.byteCount))
      }
    }
  }

  // MARK: Differences

  private mutating func repeatPair(
    _ before: DifferenceTotals, _ level: PagingLevel, _ start: UInt64, _ parting: Parting?,
    _ each: (AddressSpaceDifference) -> Void
  ) {
    guard !before.isEmpty else { return }
    totals.add(before)
    close(each)
    each(
      AddressSpaceDifference(
        kind: .again(before), start: VirtualAddress(start),
        last: VirtualAddress(start &+ (level.tableBytes &- 1)), first: nil, second: nil, parting: parting))
  }

  private mutating func add(
    _ difference: AddressSpaceDifference, _ each: (AddressSpaceDifference) -> Void
  ) {
    totals.count(difference)
    if let before = pending, before.last + 1 == difference.start, before.isLike(difference) {
      pending?.last = difference.last
      return
    }
    close(each)
    pending = difference
  }

  private mutating func close(_ each: (AddressSpaceDifference) -> Void) {
    if let pending { each(pending) }
    pending = nil
  }
}
