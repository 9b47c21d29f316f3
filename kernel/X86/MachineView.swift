/// Physical memory that can be read without disturbing the machine.
///
/// Four things are one: the running kernel, a debugger over QEMU's gdbserver, a debugger over the kernel's own
/// stub, and a core file.
public protocol PhysicalMemory: ~Copyable {
  /// The little-endian qword at `address`, which is a multiple of 8. Nil outside RAM.
  mutating func load(_ address: PhysicalAddress) -> UInt64?

  /// The page-table entry at `address`: what `load` gives, told apart for those who remember what was read, because
  /// the processor itself writes two bits of an entry.
  mutating func loadEntry(_ address: PhysicalAddress) -> UInt64?

  /// Gives `body` the 512 entries of the table in `frame`; nil when it is not in memory that can be read.
  mutating func withTable<Result>(_ frame: PhysicalFrame, _ body: (Span<UInt64>) -> Result) -> Result?

  /// Fills `bytes` from `address` upwards. False, with `bytes` in any state, when one byte is outside RAM.
  mutating func read(_ address: PhysicalAddress, into bytes: inout MutableRawSpan) -> Bool

  /// Whether there is memory at `address`, a multiple of 8, whatever it holds.
  mutating func isMemory(_ address: PhysicalAddress) -> Bool

  /// A hint that `byteCount` bytes from `address` will be read, so that requests can be batched.
  mutating func prefetch(_ address: PhysicalAddress, byteCount: Int)
}

extension PhysicalMemory where Self: ~Copyable {
  public mutating func prefetch(_ address: PhysicalAddress, byteCount: Int) {}

  public mutating func loadEntry(_ address: PhysicalAddress) -> UInt64? { load(address) }

  public mutating func isMemory(_ address: PhysicalAddress) -> Bool { load(address) != nil }

  /// Entry by entry into a copy, for memory that cannot be looked at in place.
  public mutating func withTable<Result>(
    _ frame: PhysicalFrame, _ body: (Span<UInt64>) -> Result
  ) -> Result? {
    var entries = InlineArray<512, UInt64>(repeating: 0)
    for index in 0..<512 {
      guard let entry = loadEntry(frame.address + UInt64(truncatingIfNeeded: index &* 8)) else { return nil }
      entries[index] = entry
    }
    return body(entries.span)
  }

  /// The qword at any `address`, which may be unaligned.
  public mutating func loadUnaligned(_ address: PhysicalAddress) -> UInt64? {
    let shift = (address.rawValue & 7) * 8
    let aligned = PhysicalAddress(truncating: address.rawValue & ~7)
    guard let low = load(aligned) else { return nil }
    guard shift != 0 else { return low }
    guard let high = load(aligned + 8) else { return nil }
    return low >> shift | high << (64 - shift)
  }

  /// The qword at linear `address` under the tables of `root`, whatever its rights: a debugger's read. A qword
  /// that straddles two pages is read from both. Nil when a byte of it is not mapped.
  public mutating func loadVirtual(
    _ address: VirtualAddress, root: PhysicalFrame, mode: PagingMode
  ) -> UInt64? {
    guard let first = walk(address, root: root, mode: mode).physicalAddress else { return nil }
    let offset = address.offset(in: .size4KiB)
    let roomInPage = PageSize.size4KiB.bytes - offset
    if roomInPage >= 8 { return loadUnaligned(first) }
    let next = address.pageBase() + PageSize.size4KiB.bytes
    guard let second = walk(next, root: root, mode: mode).physicalAddress,
      let low = load(PhysicalAddress(truncating: first.rawValue & ~7)), let high = load(second)
    else { return nil }
    let shift = (offset & 7) * 8
    return low >> shift | high << (64 - shift)
  }
}

/// One processor, stopped: its registers and the memory it sees. The narrow waist of every analysis.
public protocol MachineView: PhysicalMemory, ~Copyable {
  var registers: RegisterFile { get }
}
