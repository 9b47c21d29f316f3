import X86

/// Reads tables qword by qword, with one walk a page.
struct PageReader: Sendable {
  /// The page that was walked last; not an address of a page while there is none.
  private var page: UInt64 = 1
  private var frame: PhysicalAddress?

  init() {}

  /// The qword at `address`, whatever its rights; nil when a byte of it is not mapped.
  mutating func load<Memory: PhysicalMemory & ~Copyable>(
    _ address: UInt64, _ auditor: borrowing Auditor, _ memory: inout Memory
  ) -> UInt64? {
    let offset = address & (PageSize.size4KiB.bytes - 1)
    guard offset <= PageSize.size4KiB.bytes - 8 else { return auditor.load(address, &memory) }
    if page != address - offset {
      page = address - offset
      frame =
        memory.walk(VirtualAddress(page), root: auditor.root, mode: auditor.mode).physicalAddress
    }
    guard let frame else { return nil }
    return memory.loadUnaligned(frame + offset)
  }
}
