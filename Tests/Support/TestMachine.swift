import X86

/// A machine of a test's own making: a few frames of memory, tables built entry by entry, and registers.
public struct TestMachine: MachineView, Sendable {
  public var registers = RegisterFile()
  /// Present frames by number; what is absent is outside RAM.
  private var frames: [UInt64: [UInt64]] = [:]
  private var nextFrame: UInt64 = 0x100

  public init() {}

  public mutating func load(_ address: PhysicalAddress) -> UInt64? {
    frames[address.rawValue / 4096]?[Int(address.rawValue % 4096 / 8)]
  }

  public mutating func read(_ address: PhysicalAddress, into bytes: inout MutableRawSpan) -> Bool {
    for offset in 0..<bytes.byteCount {
      guard let qword = loadUnaligned(address + UInt64(offset)) else { return false }
      bytes.storeBytes(of: UInt8(truncatingIfNeeded: qword), toByteOffset: offset, as: UInt8.self)
    }
    return true
  }

  /// Stores a qword at an 8-byte boundary of present memory.
  public mutating func store(_ value: UInt64, at address: PhysicalAddress) {
    precondition(address.rawValue % 8 == 0)
    frames[address.rawValue / 4096]![Int(address.rawValue % 4096 / 8)] = value
  }

  /// A frame that nobody uses yet, all zero.
  public mutating func allocateFrame() -> PhysicalFrame {
    defer { nextFrame += 1 }
    let frame = PhysicalFrame(containing: PhysicalAddress(truncating: nextFrame * 4096))
    addMemory(frame)
    return frame
  }

  /// Makes `frame` part of RAM.
  public mutating func addMemory(_ frame: PhysicalFrame) {
    frames[frame.number] = Array(repeating: 0, count: 512)
  }

  /// Takes `frame` out of RAM.
  public mutating func removeMemory(_ frame: PhysicalFrame) { frames[frame.number] = nil }
}

/// Building and breaking page tables.
extension TestMachine {
  public var root: PhysicalFrame { registers.cr3.root }
  public var mode: PagingMode { registers.pagingMode }

  /// Maps the page of `size` at `address` to `physical`, creating tables whose entries allow everything.
  public mutating func map(
    _ address: UInt64, to physical: PhysicalAddress, flags: PageTableEntry.Flags,
    size: PageSize = .size4KiB
  ) {
    var table = root
    var level = mode.depth.root
    while level.leafSize != size {
      let slot = table.address + UInt64(level.index(of: VirtualAddress(address)) * 8)
      var entry = PageTableEntry(rawValue: load(slot)!)
      if !entry.isPresent {
        entry = PageTableEntry(frame: allocateFrame(), flags: .present | .writable | .user)
        store(entry.rawValue, at: slot)
      }
      table = entry.frame
      level = level.next!
    }
    let slot = table.address + UInt64(level.index(of: VirtualAddress(address)) * 8)
    let leaf = size == .size4KiB ? flags : flags | .pageSize
    store(physical.rawValue | leaf.rawValue, at: slot)
  }

  /// Maps `count` fresh pages from `address` upwards; the frames in the order of the pages.
  @discardableResult
  public mutating func mapFresh(
    _ address: UInt64, pages count: Int = 1, flags: PageTableEntry.Flags
  ) -> [PhysicalFrame] {
    (0..<count).map { page in
      let frame = allocateFrame()
      map(address + UInt64(page) * 4096, to: frame.address, flags: flags)
      return frame
    }
  }

  /// Changes the entry that the walk for `address` reads at `level`.
  public mutating func edit(
    _ level: PagingLevel, of address: UInt64, _ change: (UInt64) -> UInt64
  ) {
    let walk = walk(VirtualAddress(address), root: root, mode: mode)
    for position in 0..<walk.count where walk[position].level == level {
      store(change(walk[position].entry.rawValue), at: walk[position].entryAddress)
      return
    }
    preconditionFailure("the walk for \(address) does not reach the \(level)")
  }

  public mutating func clear(_ level: PagingLevel, of address: UInt64) { edit(level, of: address) { _ in 0 } }

  public mutating func set(
    _ flags: PageTableEntry.Flags, _ level: PagingLevel, of address: UInt64
  ) {
    edit(level, of: address) { $0 | flags.rawValue }
  }

  public mutating func remove(
    _ flags: PageTableEntry.Flags, _ level: PagingLevel, of address: UInt64
  ) {
    edit(level, of: address) { $0 & ~flags.rawValue }
  }

  /// Sets `flags` at every level of the walk.
  public mutating func setAll(_ flags: PageTableEntry.Flags, of address: UInt64) {
    for level in [PagingLevel.pageTable, .pageDirectory, .pageDirectoryPointer, .pml4] {
      set(flags, level, of: address)
    }
  }

  /// The physical address behind `address`, which is mapped.
  public mutating func physical(_ address: UInt64) -> PhysicalAddress {
    walk(VirtualAddress(address), root: root, mode: mode).physicalAddress!
  }

  /// Stores a qword at a linear address, byte by byte, whatever the page's rights.
  public mutating func storeVirtual(_ value: UInt64, at address: UInt64) {
    var bytes: [UInt8] = []
    for position in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(position * 8))) }
    storeVirtual(bytes, at: address)
  }

  public mutating func storeVirtual(_ bytes: [UInt8], at address: UInt64) {
    for (offset, byte) in bytes.enumerated() {
      let target = physical(address + UInt64(offset))
      let aligned = PhysicalAddress(truncating: target.rawValue & ~7)
      let shift = (target.rawValue & 7) * 8
      store(load(aligned)! & ~(0xff << shift) | UInt64(byte) << shift, at: aligned)
    }
  }

  public mutating func loadVirtual(_ address: UInt64) -> UInt64? {
    loadVirtual(VirtualAddress(address), root: root, mode: mode)
  }
}
