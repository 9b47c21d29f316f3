import X86

/// The address space of one process: a private lower half, the kernel's upper half by reference, and in between
/// the one entry that is private too, PML4[402], where only the process's own kernel stack is mapped.
public struct ProcessSpace: Equatable, Sendable {
  public let tables: AddressSpace

  /// Lower-half entries of the root table.
  static let userEntries = 0..<256
  static let kernelEntries = 256..<512

  /// A space with an empty lower half and `stack` mapped. The table is complete before anyone can load it.
  init<Memory: WritablePhysicalMemory & ~Copyable>(
    kernel: AddressSpace, stack: KernelStack, frames: inout FrameAllocator<Memory>
  ) throws(MappingError) {
    tables = try AddressSpace(frames: &frames)
    for index in Self.kernelEntries where index != StackRegion.processes.rootIndex {
      let offset = UInt64(index) * 8
      frames.memory.store(
        frames.memory.load(kernel.root.address + offset) ?? 0, at: tables.root.address + offset)
    }
    do {
      try mapKernelStack(stack, into: tables, frames: &frames)
    } catch {
      destroy(frames: &frames)
      throw error
    }
  }

  /// Maps a zeroed user frame at `page` and returns it.
  @discardableResult
  func mapFresh<Memory: WritablePhysicalMemory & ~Copyable>(
    _ page: VirtualAddress, flags: PageTableEntry.Flags, frames: inout FrameAllocator<Memory>
  ) throws(MappingError) -> PhysicalFrame {
    let frame: PhysicalFrame
    do { frame = try frames.allocateZeroed() } catch { throw .outOfFrames }
    do {
      try tables.map(page, to: frame.address, flags: flags | .user, frames: &frames)
    } catch {
      try? frames.free(frame)
      throw error
    }
    return frame
  }

  /// Copies every user page of `other`, frame by frame, with its rights.
  func copyUserHalf<Memory: WritablePhysicalMemory & ~Copyable>(
    of other: ProcessSpace, frames: inout FrameAllocator<Memory>
  ) throws(MappingError) {
    for index in Self.userEntries {
      let base = VirtualAddress(UInt64(index) << 39)
      try copy(other.tables.root, level: .pml4, index: index, base: base, frames: &frames)
    }
  }

  private func copy<Memory: WritablePhysicalMemory & ~Copyable>(
    _ table: PhysicalFrame, level: PagingLevel, index: Int, base: VirtualAddress,
    frames: inout FrameAllocator<Memory>
  ) throws(MappingError) {
    guard let raw = frames.memory.load(table.address + UInt64(index) * 8) else { return }
    let entry = PageTableEntry(rawValue: raw)
    guard entry.isPresent else { return }
    guard !entry.isLeaf(at: level), let next = level.next else {
      let rights = entry.flags.subtracting(PageTableEntry.processorWritten)
      let copy = try mapFresh(base, flags: rights, frames: &frames)
      frames.memory.copy(entry.frame, to: copy)
      return
    }
    let span = UInt64(1) << (3 + 9 * UInt64(next.rawValue))
    for child in 0..<512 {
      try copy(entry.frame, level: next, index: child, base: base + UInt64(child) * span, frames: &frames)
    }
  }

  /// Frees everything that is the process's own: user pages, their tables, the tables of the kernel-stack entry
  /// and the root. The table must not be loaded on any processor. The stack's frames belong to ``KernelStack``.
  func destroy<Memory: WritablePhysicalMemory & ~Copyable>(frames: inout FrameAllocator<Memory>) {
    for index in Self.userEntries { try? tables.release(rootEntry: index, freeing: .leaves, frames: &frames) }
    try? tables.release(rootEntry: StackRegion.processes.rootIndex, freeing: .tables, frames: &frames)
    try? frames.free(tables.root)
  }
}
