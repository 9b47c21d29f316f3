import X86

/// Why a mapping could not be made.
public enum MappingError: Error, Equatable, Sendable {
  case outOfFrames
  case alreadyMapped
  case notMapped
  /// The address or the frame is not a multiple of the page's size, or not canonical.
  case misaligned
  /// A large page stands where a table is needed, or the other way round.
  case sizeConflict
}

/// A tree of four-level page tables, edited through physical memory. Which of it is shared with other trees is
/// its owner's business: see ``ProcessSpace`` and ``KernelSpace``.
public struct AddressSpace: Equatable, Sendable {
  public let root: PhysicalFrame

  public init(root: PhysicalFrame) { self.root = root }

  /// A tree that maps nothing.
  public init<Memory: WritablePhysicalMemory & ~Copyable>(
    frames: inout FrameAllocator<Memory>
  ) throws(MappingError) {
    do { root = try frames.allocateZeroed() } catch { throw .outOfFrames }
  }

  /// Where the entry for `page` stands at `level`, tables on the way made where they are missing.
  func entryAddress<Memory: WritablePhysicalMemory & ~Copyable>(
    for page: VirtualAddress, at level: PagingLevel, frames: inout FrameAllocator<Memory>
  ) throws(MappingError) -> PhysicalAddress {
    var table = root
    var current = PagingLevel.pml4
    while true {
      let address = table.address + UInt64(current.index(of: page)) * 8
      if current == level { return address }
      guard let raw = frames.memory.load(address), let next = current.next else { throw .notMapped }
      let entry = PageTableEntry(rawValue: raw)
      if !entry.isPresent {
        let new: PhysicalFrame
        do { new = try frames.allocateZeroed() } catch { throw .outOfFrames }
        // Rights are decided by the leaf; only user mappings need U/S in the tables above them.
        let user = page.isUpperHalf ? PageTableEntry.Flags.none : .user
        let flags = PageTableEntry.Flags.present | .writable | user
        frames.memory.store(PageTableEntry(frame: new, flags: flags).rawValue, at: address)
        table = new
      } else if entry.isLeaf(at: current) {
        throw .sizeConflict
      } else {
        table = entry.frame
      }
      current = next
    }
  }

  /// Maps one page of `size` at `page` to `target` with `flags` (present and page size are added).
  public func map<Memory: WritablePhysicalMemory & ~Copyable>(
    _ page: VirtualAddress, to target: PhysicalAddress, size: PageSize = .size4KiB,
    flags: PageTableEntry.Flags, frames: inout FrameAllocator<Memory>
  ) throws(MappingError) {
    guard page.offset(in: size) == 0, target.rawValue % size.bytes == 0, page.isCanonical(.four) else {
      throw .misaligned
    }
    let level: PagingLevel
    var leaf = flags | .present
    switch size {
    case .size4KiB: level = .pageTable
    case .size2MiB: level = .pageDirectory
    case .size1GiB: level = .pageDirectoryPointer
    }
    if size != .size4KiB { leaf.insert(.pageSize) }
    let address = try entryAddress(for: page, at: level, frames: &frames)
    guard let raw = frames.memory.load(address) else { throw .notMapped }
    let old = PageTableEntry(rawValue: raw)
    guard !old.isPresent else { throw old.isLeaf(at: level) ? .alreadyMapped : .sizeConflict }
    frames.memory.store(target.rawValue | leaf.rawValue, at: address)
  }

  /// Removes the 4 KiB page at `page` and says which frame it mapped. Its tables stay.
  public func unmap<Memory: WritablePhysicalMemory & ~Copyable>(
    _ page: VirtualAddress, frames: inout FrameAllocator<Memory>
  ) throws(MappingError) -> PhysicalFrame {
    let walk = frames.memory.walk(page, root: root, mode: .building)
    guard case .mapped(_, size: .size4KiB) = walk.outcome else { throw .notMapped }
    let leaf = walk[walk.count - 1]
    frames.memory.store(0, at: leaf.entryAddress)
    return leaf.entry.frame
  }

  /// Frees the tables below entry `index` of the root and clears it. With `.leaves`, the 4 KiB frames that they
  /// map are freed too; large pages never are, for none of them is owned by a process.
  public func release<Memory: WritablePhysicalMemory & ~Copyable>(
    rootEntry index: Int, freeing: ReleaseScope, frames: inout FrameAllocator<Memory>
  ) throws(FrameError) {
    let address = root.address + UInt64(index) * 8
    guard let raw = frames.memory.load(address) else { return }
    let entry = PageTableEntry(rawValue: raw)
    guard entry.isPresent else { return }
    try Self.release(entry.frame, level: .pageDirectoryPointer, freeing: freeing, frames: &frames)
    frames.memory.store(0, at: address)
  }

  private static func release<Memory: WritablePhysicalMemory & ~Copyable>(
    _ table: PhysicalFrame, level: PagingLevel, freeing: ReleaseScope, frames: inout FrameAllocator<Memory>
  ) throws(FrameError) {
    for index in 0..<512 {
      guard let raw = frames.memory.load(table.address + UInt64(index) * 8) else { continue }
      let entry = PageTableEntry(rawValue: raw)
      guard entry.isPresent else { continue }
      if !entry.isLeaf(at: level), let next = level.next {
        try release(entry.frame, level: next, freeing: freeing, frames: &frames)
      } else if level == .pageTable, freeing == .leaves {
        try frames.free(entry.frame)
      }
    }
    try frames.free(table)
  }
}

/// What ``AddressSpace/release(rootEntry:freeing:frames:)`` gives back.
public enum ReleaseScope: Equatable, Sendable {
  case tables
  case leaves
}

extension PagingMode {
  /// The rules under which the kernel edits its own tables: no bit that it would ever set is reserved.
  public static let building = PagingMode()
}
