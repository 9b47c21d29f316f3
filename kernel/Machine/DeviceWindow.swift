import Boot
public import Core
public import X86

/// Accesses of an exact width to any physical address, a device's registers included: through a page that is mapped for
/// the one access, and that nothing else uses. For a debugger, which alone runs then.
public enum DeviceWindow {
  /// Above the stub's stack, with pages between that stay unmapped: its page table is there, and every table shares it.
  private static var page: VirtualAddress {
    StackRegion.processor.top(of: DescriptorTables.debuggerStackSlot) + 8 * PageSize.size4KiB.bytes
  }

  /// False for an address that no entry can name: its bits would be reserved ones.
  public static func reaches(_ address: PhysicalAddress) -> Bool {
    let bits = Processor.physicalAddressBits
    return bits >= 52 || address.rawValue >> UInt64(truncatingIfNeeded: bits) == 0
  }

  /// - Parameters:
  ///   - address: a multiple of `byteCount`.
  ///   - byteCount: 1, 2, 4 or 8.
  /// - Returns: nil when the page cannot be mapped.
  public static func read(_ address: PhysicalAddress, byteCount: Int) -> UInt64? {
    access(address) { read_exactly($0, UInt32(truncatingIfNeeded: byteCount)) }
  }

  /// The counterpart; false when the page cannot be mapped.
  public static func write(_ value: UInt64, to address: PhysicalAddress, byteCount: Int) -> Bool {
    access(address) { write_exactly($0, value, UInt32(truncatingIfNeeded: byteCount)) } != nil
  }

  private static func access<Result>(_ address: PhysicalAddress, _ body: (UInt64) -> Result) -> Result? {
    var window = PhysicalWindow()
    let walk = window.walk(page, root: Processor.cr3.root, mode: .building)
    guard reaches(address), case .notPresent(.pageTable) = walk.outcome, walk.count > 0 else { return nil }
    let entry = walk[walk.count - 1].entryAddress
    var flags: PageTableEntry.Flags = .present | .writable | .noExecute
    // PCD and PWT choose entry 3 of the PAT: uncached, since nobody changes the PAT. RAM is cached everywhere else.
    if !ExportedTable.isRAM(address, byteCount: 1) { flags = flags | .cacheDisable | .writeThrough }
    let frame = PhysicalFrame(containing: address)
    window.store(PageTableEntry(frame: frame, flags: flags).rawValue, at: entry)
    invalidate_page(page.rawValue)
    defer {
      window.store(0, at: entry)
      invalidate_page(page.rawValue)
    }
    return body((page + (address.rawValue & 4095)).rawValue)
  }
}
