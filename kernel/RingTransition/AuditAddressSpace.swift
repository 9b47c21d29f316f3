import X86

/// RT-091...RT-094 and RT-112: the table that CR3 names, and the paths that an entry needs.
extension Auditor {
  /// RT-091. Bits that the processor ignores are set by mistake, and weigh less: ``Finding/severity``.
  mutating func rootTableSane<Memory: PhysicalMemory & ~Copyable>(_ memory: inout Memory) -> Verdict {
    let raw = registers.cr3.rawValue
    var map = options.memory
    guard root.number != 0, !map.isKnown || map.contains(root) else { return .violated(.value(.cr3, raw)) }
    let high = raw & ~((1 << UInt64(mode.physicalAddressBits)) &- 1) & ~Auditor.linearAddressMasking
    if high != 0 { return .violated(.bits(.cr3, raw, wrong: high)) }
    if !registers.cr4.contains(.processContextIdentifiers), raw & Auditor.ignoredRootBits != 0 {
      return .violated(.bits(.cr3, raw, wrong: raw & Auditor.ignoredRootBits))
    }
    switch hasAnyEntry(&memory) {
    case true: return .held
    case false: return .violated(.value(.cr3, raw))
    case nil: return .unknown(.memory)
    }
  }

  /// CR3[62:61], LAM_U57 and LAM_U48. Bit 63 is no bit of the register, but the stubs of some debuggers keep it.
  private static let linearAddressMasking: UInt64 = 7 << 61
  /// CR3[11:5] and CR3[2:0] while CR4.PCIDE is clear. SDM Vol. 3A, table 4-12.
  static let ignoredRootBits: UInt64 = 0xfe7

  /// Whether the root table maps anything; nil when it cannot be read. The entry that this code runs under settles it
  /// in all but the broken cases.
  private func hasAnyEntry<Memory: PhysicalMemory & ~Copyable>(_ memory: inout Memory) -> Bool? {
    let first = mode.depth.root.index(of: VirtualAddress(registers.rip))
    for index in 0..<512 {
      guard let entry = rootEntry((first &+ index) & 511, of: root, &memory) else { return nil }
      if entry.isPresent { return true }
    }
    return false
  }

  func rootEntry<Memory: PhysicalMemory & ~Copyable>(
    _ slot: Int, of table: PhysicalFrame, _ memory: inout Memory
  ) -> PageTableEntry? {
    memory.loadEntry(table.address + UInt64(truncatingIfNeeded: slot * 8)).map {
      PageTableEntry(rawValue: $0)
    }
  }

  /// RT-092.
  mutating func tableFramesInMemory<Memory: PhysicalMemory & ~Copyable>(_ memory: inout Memory) -> Verdict {
    if let address = paths.tableOutside {
      let walk = memory.walk(VirtualAddress(address), root: root, mode: mode)
      return .violated(
        .access(walk, .supervisorRead, walk.result(of: .supervisorRead, in: mode)))
    }
    return paths.unreadable == nil ? .held : .unknown(.memory)
  }

  /// RT-093. A stack in a hole works until the first `ret`.
  mutating func leafFramesInMemory<Memory: PhysicalMemory & ~Copyable>(_ memory: inout Memory) -> Verdict {
    guard options.memory.isKnown else { return .unknown(.memoryMap) }
    if let address = paths.leafOutside {
      let walk = memory.walk(VirtualAddress(address), root: root, mode: mode)
      return .violated(.sharedFrame(walk, .outsideMemory))
    }
    return paths.unreadable == nil ? .held : .unknown(.memory)
  }

  /// RT-094. Under page-table isolation a process has two tables: those of a declared pair, else neighbours. Ring 3 runs
  /// under the one that has little of the kernel.
  mutating func rootBelongsToCurrent() -> Verdict {
    let isIsolated = options.pageTableIsolation == .used
    let pair = isIsolated ? options.tablePair(with: root) : nil
    if let pair, pair.user != root {
      return .violated(
        .mismatch(.cr3, actual: root.address.rawValue, expected: pair.user.address.rawValue))
    }
    guard let current = options.currentRoot else { return .unknown(.currentRoot) }
    if root == current || pair?.kernel == current { return .held }
    if isIsolated, pair == nil, root.number == current.number ^ 1 { return .held }
    return .violated(
      .mismatch(.cr3, actual: root.address.rawValue, expected: current.address.rawValue))
  }

  /// RT-112. The same bits are reserved ones: RT-090.
  mutating func largePagesSane<Memory: PhysicalMemory & ~Copyable>(_ memory: inout Memory) -> Verdict {
    guard let address = paths.misshapen else { return .held }
    let walk = memory.walk(VirtualAddress(address), root: root, mode: mode)
    return .violated(.access(walk, .supervisorRead, walk.result(of: .supervisorRead, in: mode)))
  }
}

/// RT-100.
extension Auditor {
  /// What a comparison of two entries leaves out: A, D, G and all that the processor ignores. G has no meaning above a
  /// leaf, and a root entry is none.
  private static let comparedRootBits: UInt64 = PageTableEntry.addressMask | 0x9f | 1 << 63

  /// RT-100. The upper half of every root table is the same, but for the slots that each process has of its own. The
  /// slots on a needed path are compared at every return, the others where the scope has T1.
  mutating func kernelHalfConsistent<Memory: PhysicalMemory & ~Copyable>(_ memory: inout Memory) -> Verdict {
    guard let reference = options.referenceRoot else { return .unknown(.referenceTable) }
    if reference == root { return .held }
    guard !options.isIsolated(root) else { return .skipped(.declared) }
    let all = options.scope.asks(.t1)
    let slots = paths.slots
    let exempt = options.perProcessSlots
    for slot in 256..<512 {
      let bit: UInt64 = 1 << UInt64(slot & 63)
      guard exempt[slot >> 6] & bit == 0, all || slots[slot >> 6] & bit != 0 else { continue }
      guard let mine = rootEntry(slot, of: root, &memory),
        let other = rootEntry(slot, of: reference, &memory)
      else { return .unknown(.memory) }
      // A table that maps itself does so in every root with another entry.
      if mine.isPresent, mine.frame == root, other.isPresent, other.frame == reference { continue }
      let isSame =
        mine.isPresent
        ? (mine.rawValue ^ other.rawValue) & Auditor.comparedRootBits == 0 : !other.isPresent
      guard isSame else {
        return .violated(
          .rootEntry(slot: UInt16(truncatingIfNeeded: slot), mine, expected: other))
      }
    }
    return .held
  }
}
