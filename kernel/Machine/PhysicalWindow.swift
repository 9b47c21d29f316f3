import Boot
public import Core
public import X86

/// The kernel's view of physical memory: all RAM, mapped from 0xffff_8000_0000_0000 upwards.
public struct PhysicalWindow: WritablePhysicalMemory, Sendable {
  /// Where physical address 0 is mapped.
  public static let base: UInt64 = 0xffff_8000_0000_0000

  public init() {}

  /// Where `address` is mapped.
  public static func virtual(_ address: PhysicalAddress) -> VirtualAddress {
    VirtualAddress(base + address.rawValue)
  }

  private func pointer(_ address: PhysicalAddress) -> UnsafeMutableRawPointer? {
    // SAFETY: only turned into an access below, and there only for RAM.
    unsafe UnsafeMutableRawPointer(bitPattern: UInt(truncatingIfNeeded: Self.base &+ address.rawValue))
  }

  public mutating func load(_ address: PhysicalAddress) -> UInt64? {
    guard ExportedTable.isRAM(address, byteCount: 8), let pointer = unsafe pointer(address) else {
      return nil
    }
    // SAFETY: the window maps all RAM, and every reader of it reads plain integers.
    return unsafe pointer.loadUnaligned(as: UInt64.self)
  }

  public mutating func withTable<Result>(
    _ frame: PhysicalFrame, _ body: (Span<UInt64>) -> Result
  ) -> Result? {
    guard ExportedTable.isRAM(frame.address, byteCount: PhysicalFrame.byteCount),
      let pointer = unsafe pointer(frame.address)
    else { return nil }
    // SAFETY: as in `load`; a frame is 512 qwords and aligned, and whoever edits a table does so between two looks.
    return unsafe body(
      UnsafeBufferPointer(start: UnsafePointer(pointer.assumingMemoryBound(to: UInt64.self)), count: 512).span
    )
  }

  public mutating func read(_ address: PhysicalAddress, into bytes: inout MutableRawSpan) -> Bool {
    let count = bytes.byteCount
    guard ExportedTable.isRAM(address, byteCount: UInt64(count)) else { return false }
    for offset in 0..<count {
      guard let pointer = unsafe pointer(address + UInt64(offset)) else { return false }
      // SAFETY: as in `load`; the offset is inside the span, which was just measured.
      unsafe bytes.storeBytes(of: pointer.load(as: UInt8.self), toByteOffset: offset, as: UInt8.self)
    }
    return true
  }

  public mutating func store(_ value: UInt64, at address: PhysicalAddress) {
    guard ExportedTable.isRAM(address, byteCount: 8), let pointer = unsafe pointer(address) else { return }
    // SAFETY: the frame belongs to whoever the frame allocator gave it to, and only its owner stores to it. The
    // window maps the kernel's own text and constants read-only, so a wrong address faults and corrupts nothing.
    unsafe pointer.storeBytes(of: value, as: UInt64.self)
  }

  public mutating func zero(_ frame: PhysicalFrame) {
    guard ExportedTable.isRAM(frame.address, byteCount: 4096), let pointer = unsafe pointer(frame.address)
    else { return }
    // SAFETY: as in `store`; a frame is 4,096 bytes.
    unsafe pointer.initializeMemory(as: UInt8.self, repeating: 0, count: 4096)
  }

  public mutating func copy(_ source: PhysicalFrame, to destination: PhysicalFrame) {
    guard ExportedTable.isRAM(source.address, byteCount: 4096),
      ExportedTable.isRAM(destination.address, byteCount: 4096),
      let from = unsafe pointer(source.address), let to = unsafe pointer(destination.address)
    else { return }
    // SAFETY: as in `store`; the two frames are whole and aligned, so they are equal or do not overlap.
    unsafe to.copyMemory(from: from, byteCount: 4096)
  }
}

extension PhysicalWindow {
  /// The window's own page-table entry for `address` where the window is read-only there; nil where it can be
  /// written.
  public mutating func readOnlyEntry(of address: PhysicalAddress) -> PhysicalAddress? {
    let walk = walk(Self.virtual(address), root: Processor.cr3.root, mode: .building)
    guard case .mapped = walk.outcome, !walk.rights.isWritable else { return nil }
    return walk[walk.count - 1].entryAddress
  }

  /// Writes one byte of RAM, whatever it is: for a debugger. Where the window is read-only, its page is writable for
  /// this one write.
  public mutating func patchByte(_ byte: UInt8, at address: PhysicalAddress) {
    guard let entry = readOnlyEntry(of: address), let old = load(entry) else {
      return storeByte(byte, at: address)
    }
    store(old | PageTableEntry.Flags.writable.rawValue, at: entry)
    invalidate_page(Self.virtual(address).rawValue)
    storeByte(byte, at: address)
    store(old, at: entry)
    invalidate_page(Self.virtual(address).rawValue)
  }
}

/// The same window before the RAM map is known: the boot tables map the first 4 GiB. For the loader's structures
/// only, which nobody writes to.
public struct BootWindow: PhysicalMemory, Sendable {
  private static let limit: UInt64 = 1 << 32

  public init() {}

  public mutating func load(_ address: PhysicalAddress) -> UInt64? {
    guard address.rawValue <= Self.limit - 8 else { return nil }
    // SAFETY: the boot tables map this address, and reading RAM or a hole of the PC's map has no effect.
    return unsafe UnsafeRawPointer(bitPattern: UInt(PhysicalWindow.base + address.rawValue))?
      .loadUnaligned(as: UInt64.self)
  }

  public mutating func read(_ address: PhysicalAddress, into bytes: inout MutableRawSpan) -> Bool { false }
}
