import X86

/// RT-107, seen from the reference: what it maps as global is still translated after a load of this table, whose own word
/// on it then counts for nothing. That is as bad in the slots that every process owns.
extension TreeAudit {
  /// Looks through the kernel half of the reference, where it has other tables than this root. `place` says where
  /// `table` stands, and which table this root has there.
  mutating func searchGlobal<Memory: PhysicalMemory & ~Copyable, Scratch: FrameScratch & ~Copyable>(
    _ table: PhysicalFrame, _ place: Place, _ memory: inout Memory, _ scratch: inout Scratch
  ) {
    guard lostGlobalPage == nil else { return }
    switch scratch.insert(Mark.reference(table.number, place.level)) {
    case .added: break
    case .known: return
    case .full:
      isComplete = false
      return
    }
    memory.prefetch(table.address, byteCount: Int(PhysicalFrame.byteCount))
    for index in (place.level == mode.depth.root ? 256 : 0)..<512 {
      guard let entry = entry(index, of: table, &memory) else { return }
      guard entry.isPresent, entry.reservedBits(at: place.level, in: mode) == 0, entry.frame != table else {
        continue
      }
      let address = address(of: index, in: place)
      var rights = place.rights
      rights.restrict(by: entry)
      if entry.isLeaf(at: place.level), let size = place.level.leafSize {
        guard entry.flags.contains(.global) else { continue }
        let leaf = Leaf(address: address, size: size, entry: entry, rights: rights)
        if !isMapped(leaf, &memory) { lostGlobalPage = address }
      } else if let next = place.level.next {
        var own = Counterpart.absent
        if case .table(let mine) = place.counterpart {
          guard let other = self.entry(index, of: mine, &memory) else { return }
          // One table for both.
          if other.isPresent, !other.isLeaf(at: place.level), other.frame == entry.frame { continue }
          if other.isPresent, !other.isLeaf(at: place.level) { own = .table(other.frame) }
        }
        let child = Place(level: next, base: address, rights: rights, counterpart: own)
        searchGlobal(entry.frame, child, &memory, &scratch)
      }
      guard lostGlobalPage == nil else { return }
    }
  }

  /// Whether this root maps the page as the reference does, with whatever size of pages.
  private func isMapped<Memory: PhysicalMemory & ~Copyable>(_ leaf: Leaf, _ memory: inout Memory) -> Bool {
    let walk = memory.walk(VirtualAddress(leaf.address), root: auditor.root, mode: mode)
    if case .unreadable = walk.outcome { return true }
    guard let physical = walk.physicalAddress else { return false }
    return PhysicalFrame(containing: physical).number == leaf.firstFrame && walk.rights == leaf.rights
  }
}
