/// A way to read the guest's physical memory. Three are one: the mapped RAM file, gdbserver packets and the
/// human monitor.
protocol PhysicalSource: AnyObject {
  /// The little-endian qword at `address`, a multiple of 8. Nil outside of memory.
  func load(_ address: UInt64) throws(SessionError) -> UInt64?

  /// Gives `body` the 512 qwords of the page at `address`; nil when they are not all memory.
  func withTable<Result>(_ address: UInt64, _ body: (Span<UInt64>) -> Result) throws(SessionError) -> Result?

  /// What stands at `address`, as far as it stands there in one piece; nil where nobody knows.
  func extent(at address: UInt64) throws(SessionError) -> MemoryExtent?

  /// Fills `count` bytes of `bytes` from `start` on. False, with those bytes in any state, when one address is
  /// outside of memory.
  func copy(
    _ address: UInt64, count: Int, into bytes: inout MutableRawSpan, at start: Int
  ) throws(SessionError) -> Bool

  /// A hint that these bytes will be asked for.
  func prefetch(_ address: UInt64, count: Int)

  /// The machine ran, or was written to: nothing that was read before is true any more.
  func invalidate()
}

/// The memory map as the monitor gives it, asked for when it is needed.
final class GuestMemoryMapCache {
  private let fetch: () throws(SessionError) -> String
  private var map: GuestMemoryMap?
  private var isStale = true
  /// The target has no monitor that shows one.
  private var isMissing = false

  init(_ fetch: @escaping () throws(SessionError) -> String) { self.fetch = fetch }

  /// Firmware turns ROM into RAM and opens windows; RAM does not go away. So after the machine ran, the map is
  /// asked for again only where it does not show RAM.
  func invalidate() { isStale = true }

  func region(at address: UInt64) throws(SessionError) -> GuestMemoryMap.Region? {
    let known = map?.region(at: address)
    guard isStale, known?.kind != .ram else { return known }
    guard let fresh = GuestMemoryMap(parsing: try fetch()) else {
      throw .unsupported(operation: "info mtree -f")
    }
    map = fresh
    isStale = false
    return fresh.region(at: address)
  }

  /// All there are, in ascending order.
  func regions() throws(SessionError) -> [GuestMemoryMap.Region] {
    _ = try region(at: 0)
    return map?.regions ?? []
  }

  /// What stands at `address`, up to where something else does; nil where no map can be had.
  func extent(at address: UInt64) throws(SessionError) -> MemoryExtent? {
    if isMissing { return nil }
    _ = try region(at: address)
    return map?.extent(at: address)
  }

  /// True when all of `count` bytes from `address` are memory. Where no map can be had, everything may be.
  func covers(_ address: UInt64, count: Int) throws(SessionError) -> Bool {
    if isMissing { return true }
    do {
      return try isMemory(address, count: count)
    } catch {
      guard map == nil, error.category == .refused else { throw error }
      isMissing = true
      return true
    }
  }

  private func isMemory(_ address: UInt64, count: Int) throws(SessionError) -> Bool {
    var next = address
    var remaining = UInt64(max(count, 0))
    while remaining > 0 {
      guard let region = try region(at: next) else { return false }
      let inside = region.last - next
      guard inside < remaining - 1 else { return true }
      remaining -= inside + 1
      next = region.last + 1
    }
    return true
  }
}

/// The RAM file that kdbg and QEMU share; ROM comes from `other`.
final class MappedPhysicalSource: PhysicalSource {
  private let ram: GuestRAM
  private let map: GuestMemoryMapCache
  private let other: any PhysicalSource
  /// Where the last address was found: nearly always where the next one is.
  private var recent: GuestMemoryMap.Region?
  /// Where the last address in RAM was found, and where that lies in the file. RAM does not go away, so this outlives a
  /// run of the machine.
  private var recentRAM: (first: UInt64, last: UInt64, offset: Int) = (1, 0, 0)

  init(_ ram: GuestRAM, map: GuestMemoryMapCache, other: any PhysicalSource) {
    self.ram = ram
    self.map = map
    self.other = other
  }

  func load(_ address: UInt64) throws(SessionError) -> UInt64? {
    guard let region = try region(at: address) else { return nil }
    guard region.block == ram.block, region.last - address >= 7 else { return try other.load(address) }
    recentRAM = (region.first, region.last, offset(of: region.first, in: region))
    return ram.memory.load(offset(of: address, in: region))
  }

  /// The same for one of the many loads near the last one; nil says nothing.
  func loadAtOnce(_ address: UInt64) -> UInt64? {
    guard address >= recentRAM.first, address <= recentRAM.last, recentRAM.last - address >= 7 else {
      return nil
    }
    return ram.memory.load(recentRAM.offset &+ Int(truncatingIfNeeded: address - recentRAM.first))
  }

  func withTable<Result>(_ address: UInt64, _ body: (Span<UInt64>) -> Result) throws(SessionError) -> Result?
  {
    guard let region = try region(at: address) else { return nil }
    guard region.block == ram.block, region.last - address >= 4095 else {
      return try other.withTable(address, body)
    }
    recentRAM = (region.first, region.last, offset(of: region.first, in: region))
    return ram.memory.withTable(offset(of: address, in: region), body)
  }

  /// The same for one of the many tables near the last one; nil says nothing.
  func withTableAtOnce<Result>(_ address: UInt64, _ body: (Span<UInt64>) -> Result) -> Result? {
    guard address >= recentRAM.first, address <= recentRAM.last, recentRAM.last - address >= 4095 else {
      return nil
    }
    return ram.memory.withTable(recentRAM.offset &+ Int(truncatingIfNeeded: address - recentRAM.first), body)
  }

  func extent(at address: UInt64) throws(SessionError) -> MemoryExtent? { try map.extent(at: address) }

  func copy(
    _ address: UInt64, count: Int, into bytes: inout MutableRawSpan, at start: Int
  ) throws(SessionError) -> Bool {
    var done = 0
    while done < count {
      let place = address + UInt64(done)
      guard let region = try region(at: place) else { return false }
      let part = Int(min(UInt64(count - done), region.last - place + 1))
      let isRead =
        region.block == ram.block
        ? ram.memory.copy(offset(of: place, in: region), count: part, into: &bytes, at: start + done)
        : try other.copy(place, count: part, into: &bytes, at: start + done)
      guard isRead else { return false }
      done += part
    }
    return true
  }

  func prefetch(_ address: UInt64, count: Int) {}

  func invalidate() {
    recent = nil
    map.invalidate()
    other.invalidate()
  }

  private func region(at address: UInt64) throws(SessionError) -> GuestMemoryMap.Region? {
    if let recent, recent.first <= address, address <= recent.last { return recent }
    let region = try map.region(at: address)
    recent = region
    return region
  }

  private func offset(of address: UInt64, in region: GuestMemoryMap.Region) -> Int {
    ram.origin &+ Int(truncatingIfNeeded: region.offset &+ (address - region.first))
  }
}

/// For a stub that offers no way to read physical memory.
final class NoPhysicalSource: PhysicalSource {
  func load(_ address: UInt64) -> UInt64? { nil }
  func withTable<Result>(_ address: UInt64, _ body: (Span<UInt64>) -> Result) -> Result? { nil }
  func extent(at address: UInt64) -> MemoryExtent? { nil }
  func copy(_ address: UInt64, count: Int, into bytes: inout MutableRawSpan, at start: Int) -> Bool { false }
  func prefetch(_ address: UInt64, count: Int) {}
  func invalidate() {}
}
