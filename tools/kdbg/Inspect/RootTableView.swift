import X86

/// The present entries of the table that CR3 points at, compared with the reference table where one is known.
public struct RootTableView: Sendable {
  /// One slot of the root table that is present here or in the reference.
  public struct Slot: Equatable, Sendable {
    public let index: Int
    /// The first address that the slot translates, sign-extended.
    public let start: VirtualAddress
    /// The last one.
    public let end: VirtualAddress
    public let entry: PageTableEntry
    public let half: AddressHalf
    public let comparison: Comparison
  }

  /// Who lives there by convention.
  public enum AddressHalf: Equatable, Sendable {
    case user
    case kernel
  }

  /// The same slot in the reference table, accessed and dirty bits left out.
  public enum Comparison: Equatable, Sendable {
    /// There is no reference, or this table is the reference itself.
    case notCompared
    case same
    case onlyHere
    case onlyInReference(PageTableEntry)
    case differs(PageTableEntry)
  }

  public let cr3: CR3
  public let level: PagingLevel
  public let reference: ReferenceTable?
  public let slots: [Slot]

  /// Reads the root table of `machine` under `cr3`, by default the one that is loaded.
  public init(
    of machine: inout some Debuggee, under cr3: CR3? = nil, comparedWith reference: ReferenceTable?
  ) throws(InspectionError) {
    let registers = machine.coreRegisters
    let cr3 = cr3 ?? registers.cr3
    let level = registers.pagingMode.depth.root
    let here = try Self.entries(of: cr3.root, in: &machine)
    var there: [PageTableEntry]?
    if let reference, reference.cr3.root != cr3.root {
      there = try? Self.entries(of: reference.cr3.root, in: &machine)
    }
    slots = here.indices.compactMap { index in
      let comparison = there.map { Self.compare(here[index], with: $0[index], index: index) } ?? .notCompared
      if case .onlyInReference = comparison {} else if !here[index].isPresent { return nil }
      return Self.slot(index, here[index], comparison, level)
    }
    self.cr3 = cr3
    self.level = level
    self.reference = there == nil ? nil : reference
  }

  private static func entries(
    of root: PhysicalFrame, in machine: inout some Debuggee
  ) throws(InspectionError) -> [PageTableEntry] {
    machine.prefetch(root.address, byteCount: Int(PhysicalFrame.byteCount))
    var entries: [PageTableEntry] = []
    entries.reserveCapacity(512)
    for index in 0..<512 {
      let address = root.address + UInt64(index * 8)
      guard let raw = machine.load(address) else { throw .unreadable(address) }
      entries.append(PageTableEntry(rawValue: raw))
    }
    return entries
  }

  /// The user half belongs to the process, so only the kernel half is held against the reference.
  private static func compare(
    _ entry: PageTableEntry, with reference: PageTableEntry, index: Int
  ) -> Comparison {
    guard index >= 256 else { return .notCompared }
    switch (entry.isPresent, reference.isPresent) {
    case (false, false): return .same
    case (true, false): return .onlyHere
    case (false, true): return .onlyInReference(reference)
    case (true, true):
      let ignored = PageTableEntry.processorWritten.rawValue
      return (entry.rawValue | ignored) == (reference.rawValue | ignored) ? .same : .differs(reference)
    }
  }

  private static func slot(
    _ index: Int, _ entry: PageTableEntry, _ comparison: Comparison, _ level: PagingLevel
  ) -> Slot {
    let shift = 3 + 9 * UInt64(level.rawValue)
    let upper = index >= 256
    let signExtension: UInt64 = upper ? ~0 << (shift + 9) : 0
    let start = VirtualAddress(UInt64(index) << shift | signExtension)
    return Slot(
      index: index, start: start, end: start + ((1 << shift) - 1), entry: entry,
      half: upper ? .kernel : .user, comparison: comparison)
  }
}
