import X86

/// What is mapped for measurements alone.
public enum Fixture: Equatable, Sendable {
  case none
  /// 1 GiB in pages of 4 KiB: 512 page tables, 262,144 pages.
  case mappedGigabyte

  /// Where it is: PML4[405], which nothing else uses.
  public static let start = VirtualAddress(0xffff_ca80_0000_0000)
  public static let tableCount = 512
}

extension AddressSpace {
  /// Fills `count` whole page tables from `start` on, a multiple of 2 MiB. Each page maps the next frame of `target`, and
  /// behind its last frame the first one again.
  public func fill<Memory: WritablePhysicalMemory & ~Copyable>(
    tables count: Int, at start: VirtualAddress, with target: MemoryRange, flags: PageTableEntry.Flags,
    frames: inout FrameAllocator<Memory>
  ) throws(MappingError) {
    let target = target.wholeFrames
    guard start.offset(in: .size2MiB) == 0, !target.isEmpty else { throw .misaligned }
    var next = target.start
    for table in 0..<UInt64(truncatingIfNeeded: count) {
      let first = try entryAddress(
        for: start + table * PageSize.size2MiB.bytes, at: .pageTable, frames: &frames)
      for index in 0..<UInt64(512) {
        frames.memory.store(next | (flags | .present).rawValue, at: first + index * 8)
        next += PhysicalFrame.byteCount
        if next == target.end { next = target.start }
      }
    }
  }
}
