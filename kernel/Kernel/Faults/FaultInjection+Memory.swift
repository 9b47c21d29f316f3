import Core
import Machine
import X86

extension FaultInjection {
  /// A frame of zeroes that nobody else has.
  static func takeFrame() -> PhysicalFrame? {
    Cell.withState { try? $0.system.frames.allocateZeroed() }
  }

  /// The first frame past all RAM: an address that no device answers either.
  var frameBeyondRAM: PhysicalFrame {
    var end: UInt64 = 1 << 36
    for position in 0..<ExportedTable.ramRangeCount { end = max(end, ExportedTable.ramRange(position).end) }
    return PhysicalFrame(containing: PhysicalAddress(truncating: end + (1 << 30)))
  }

  /// Changes the entry at `level` of the path to `address` in the process's table.
  mutating func edit(
    _ level: PagingLevel, of address: VirtualAddress, _ change: (PageTableEntry) -> PageTableEntry
  ) {
    let walk = window.walk(address, root: root, mode: .building)
    for position in 0..<walk.count where walk[position].level == level {
      window.store(change(walk[position].entry).rawValue, at: walk[position].entryAddress)
    }
  }

  /// Sets `flags` in every entry of the path to `address`.
  mutating func setOnPath(_ flags: PageTableEntry.Flags, of address: VirtualAddress) {
    let walk = window.walk(address, root: root, mode: .building)
    for position in 0..<walk.count {
      window.store(walk[position].entry.rawValue | flags.rawValue, at: walk[position].entryAddress)
    }
  }

  /// Gives the process tables of its own on the path to `address`, copies of those that all tables share. What is
  /// edited there afterwards is missing in this process alone, and the kernel's own table still shows how it should be.
  mutating func makePrivate(_ address: VirtualAddress) {
    var table = root
    var level = PagingLevel.pml4
    while let next = level.next {
      let place = table.address + UInt64(level.index(of: address)) * 8
      guard let raw = window.load(place), let copy = Self.takeFrame() else { return }
      let entry = PageTableEntry(rawValue: raw)
      guard entry.isPresent, !entry.isLeaf(at: level) else { return }
      window.copy(entry.frame, to: copy)
      window.store(PageTableEntry(frame: copy, flags: entry.flags).rawValue, at: place)
      table = copy
      level = next
    }
  }

  /// Removes the page of `address`, which all tables share, from the process's table.
  mutating func unmap(_ address: VirtualAddress) {
    makePrivate(address)
    edit(.pageTable, of: address) { _ in PageTableEntry(rawValue: 0) }
  }

  /// Makes the page of `address`, which all tables share, a user page of the process's.
  mutating func openToUser(_ address: VirtualAddress) {
    makePrivate(address)
    setOnPath(.user, of: address)
  }

  /// Writes a qword of the kernel's memory at `address`, whatever rights its mappings have.
  mutating func patch(_ address: VirtualAddress, _ value: UInt64) {
    for offset in 0..<UInt64(8) {
      let walk = window.walk(address + offset, root: root, mode: .building)
      guard let place = walk.physicalAddress else { return }
      window.patchByte(UInt8(truncatingIfNeeded: value >> (8 * offset)), at: place)
    }
  }

  mutating func load(_ address: VirtualAddress) -> UInt64 {
    window.loadVirtual(address, root: root, mode: .building) ?? 0
  }
}

extension PageTableEntry {
  func with(_ flags: Flags) -> PageTableEntry { PageTableEntry(rawValue: rawValue | flags.rawValue) }
  func without(_ flags: Flags) -> PageTableEntry { PageTableEntry(rawValue: rawValue & ~flags.rawValue) }
}

extension PageTableEntry.Flags {
  /// A bit that is reserved while a physical address has fewer than 52.
  static let highestAddressBit = PageTableEntry.Flags(rawValue: 1 << 51)
}
