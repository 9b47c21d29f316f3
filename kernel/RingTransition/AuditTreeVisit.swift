import X86

/// The pass itself: down where a rule can still be broken, and nowhere else.
extension TreeAudit {
  mutating func visit<Memory: PhysicalMemory & ~Copyable, Scratch: FrameScratch & ~Copyable>(
    _ table: PhysicalFrame, _ place: Place, _ memory: inout Memory, _ scratch: inout Scratch
  ) {
    switch scratch.insert(Mark.visited(table.number, place)) {
    case .added: break
    case .known: return
    case .full:
      isComplete = false
      return
    }
    memory.prefetch(table.address, byteCount: Int(PhysicalFrame.byteCount))
    for index in 0..<512 {
      guard let entry = entry(index, of: table, &memory) else { return }
      guard entry.isPresent, entry.reservedBits(at: place.level, in: mode) == 0 else { continue }
      var rights = place.rights
      rights.restrict(by: entry)
      let address = address(of: index, in: place)
      if place.level == mode.depth.root, entry.frame == auditor.root {
        // A table that maps itself shows all tables as data, to the kernel alone.
        if rights.isUser { tablePage = tablePage ?? ownAddress(index) }
        continue
      }
      if entry.isLeaf(at: place.level), let size = place.level.leafSize {
        let counterpart = counterpart(index, place, &memory)
        judge(Leaf(address: address, size: size, entry: entry, rights: rights), counterpart, &scratch)
        continue
      }
      guard let next = place.level.next else { continue }
      let counterpart = counterpart(index, entry, place, &memory)
      let child = Place(level: next, base: address, rights: rights, counterpart: counterpart)
      if isWorthReading(child) { visit(entry.frame, child, &memory, &scratch) }
    }
  }

  /// The first address behind an entry. Bit 47 (56) of the root's entries stands for all above it.
  func address(of index: Int, in place: Place) -> UInt64 {
    let shift = 3 &+ 9 &* UInt64(place.level.rawValue)
    let address = place.base | UInt64(truncatingIfNeeded: index) << shift
    guard place.level == mode.depth.root, index >= 256 else { return address }
    return address | ~((UInt64(1) << UInt64(mode.depth.addressBits)) &- 1)
  }

  /// Where a root table that maps itself at `index` shows itself: through that entry at every level.
  private func ownAddress(_ index: Int) -> UInt64 {
    var address: UInt64 = index >= 256 ? ~((UInt64(1) << UInt64(mode.depth.addressBits)) &- 1) : 0
    var shift: UInt64 = 12
    for _ in 0..<mode.depth.rawValue {
      address |= UInt64(truncatingIfNeeded: index) << shift
      shift += 9
    }
    return address
  }

  /// Whether anything below could break a rule.
  private func isWorthReading(_ place: Place) -> Bool {
    if place.rights.isUser { return true }
    guard place.isKernelHalf else { return false }
    return place.rights.isWritable && place.rights.isExecutable || place.counterpart.isCompared
  }

  /// What the reference has where `place` has a table.
  private mutating func counterpart<Memory: PhysicalMemory & ~Copyable>(
    _ index: Int, _ entry: PageTableEntry, _ place: Place, _ memory: inout Memory
  ) -> Counterpart {
    if place.level == mode.depth.root, index < 256 || isPerProcess(index) { return .ignored }
    switch place.counterpart {
    case .ignored: return .ignored
    case .absent: return .absent
    case .table(let table):
      guard let other = self.entry(index, of: table, &memory), other.isPresent,
        !other.isLeaf(at: place.level)
      else { return .absent }
      return other.frame == entry.frame ? .ignored : .table(other.frame)
    }
  }

  /// The entry that the reference has in place of a leaf here; nil where nothing is compared.
  private mutating func counterpart<Memory: PhysicalMemory & ~Copyable>(
    _ index: Int, _ place: Place, _ memory: inout Memory
  ) -> PageTableEntry? {
    switch place.counterpart {
    case .ignored: nil
    case .absent: PageTableEntry(rawValue: 0)
    case .table(let table): entry(index, of: table, &memory)
    }
  }

  private func isPerProcess(_ index: Int) -> Bool {
    auditor.options.perProcessSlots[(index >> 6) & 7] & 1 << UInt64(index & 63) != 0
  }
}

/// What one page breaks.
extension TreeAudit {
  struct Leaf: Sendable {
    let address: UInt64
    let size: PageSize
    let entry: PageTableEntry
    let rights: PageRights

    var firstFrame: UInt64 { PhysicalFrame(containing: entry.leafBase(size)).number }
    var frameCount: UInt64 { size.bytes >> 12 }
  }

  /// The page of the system calls that need no entry, at its address of old: read-only code of the kernel's for Ring 3.
  private static let legacySystemCallPage: UInt64 = 0xffff_ffff_ff60_0000

  mutating func judge<Scratch: FrameScratch & ~Copyable>(
    _ leaf: Leaf, _ other: PageTableEntry?, _ scratch: inout Scratch
  ) {
    let isKernelHalf = leaf.address >> 63 == 1
    if leaf.rights.isUser {
      let isDeclared = leaf.address == Self.legacySystemCallPage && !leaf.rights.isWritable
      if isKernelHalf, !isDeclared { kernelPage = kernelPage ?? leaf.address }
      judgeFrames(leaf, isKernelHalf: isKernelHalf, &scratch)
    }
    if leaf.rights.isWritable, leaf.rights.isExecutable,
      isKernelHalf || leaf.rights.isUser && auditor.options.generatedCode == .unused
    {
      writableCode = writableCode ?? leaf.address
    }
    guard leaf.entry.flags.contains(.global) else { return }
    guard isKernelHalf else {
      globalUserPage = globalUserPage ?? leaf.address
      return
    }
    if let other, (other.rawValue ^ leaf.entry.rawValue) & Self.comparedLeafBits != 0 {
      unequalGlobalPage = unequalGlobalPage ?? leaf.address
    }
  }

  /// All but A, D and what the processor ignores.
  private static let comparedLeafBits: UInt64 = PageTableEntry.addressMask | 0x19f | 1 << 63

  private mutating func judgeFrames<Scratch: FrameScratch & ~Copyable>(
    _ leaf: Leaf, isKernelHalf: Bool, _ scratch: inout Scratch
  ) {
    if let use = critical.use(of: leaf.firstFrame, count: leaf.frameCount) {
      if !isKernelHalf, kernelFrame == nil { kernelFrame = (leaf.address, use) }
      if mixedFrame == nil { mixedFrame = (leaf.address, use) }
    }
    guard tablePage == nil, holdsTable(leaf.firstFrame, leaf.frameCount, &scratch) else { return }
    tablePage = leaf.address
    if mixedFrame == nil { mixedFrame = (leaf.address, .pageTable) }
  }

  /// Whether one of the frames is a page table.
  private mutating func holdsTable<Scratch: FrameScratch & ~Copyable>(
    _ first: UInt64, _ count: UInt64, _ scratch: inout Scratch
  ) -> Bool {
    if count <= 512 {
      for frame in first..<(first &+ count) where scratch.contains(Mark.table(frame)) { return true }
      return false
    }
    // The tables are fewer than the frames of the page.
    guard sweepsLeft > 0 else {
      isComplete = false
      return false
    }
    sweepsLeft -= 1
    for position in 0..<scratch.positionCount {
      let key = scratch.key(at: position)
      let frame = key >> 16
      if key & 0xf == Mark.table, frame >= first, frame - first < count { return true }
    }
    return false
  }
}
