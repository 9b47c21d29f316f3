import RemoteProtocol
import X86

extension Target {
  /// The little-endian qword at `address`. Nil outside of memory.
  public func load(_ address: PhysicalAddress) -> UInt64? {
    if case .stopped = state, let value = mapped?.loadAtOnce(address.rawValue) { return value }
    return attemptQuietly { () throws(SessionError) in
      if state == .running { throw .running }
      return try memory.load(address.rawValue)
    }
  }

  public func withTable<Result>(_ frame: PhysicalFrame, _ body: (Span<UInt64>) -> Result) -> Result? {
    if case .stopped = state, let result = mapped?.withTableAtOnce(frame.address.rawValue, body) {
      return result
    }
    return attemptQuietly { () throws(SessionError) in try memory.withTable(frame.address.rawValue, body) }
  }

  /// What stands at `address`, and how far; nil where the target does not say.
  public func memoryExtent(at address: PhysicalAddress) -> MemoryExtent? {
    // A stub without a monitor says nothing, and that is no failure.
    try? memory.extent(at: address.rawValue)
  }

  /// Fills `bytes` from `address` upwards. False when one byte is outside of memory.
  public func read(_ address: PhysicalAddress, into bytes: inout MutableRawSpan) -> Bool {
    do {
      return try copy(address, into: &bytes)
    } catch {
      if failure == nil { failure = error }
      return false
    }
  }

  public func prefetch(_ address: PhysicalAddress, byteCount: Int) {
    memory.prefetch(address.rawValue, count: byteCount)
  }

  /// As many bytes of physical memory as asked.
  public func readPhysical(
    _ address: PhysicalAddress, byteCount: Int
  ) throws(SessionError) -> [UInt8] {
    guard byteCount > 0 else { return [] }
    var bytes = [UInt8](repeating: 0, count: byteCount)
    let isRead = try bytes.withRawBytes { raw throws(SessionError) in try copy(address, into: &raw) }
    guard isRead else { throw .outsideMemory(address) }
    return bytes
  }

  private func copy(
    _ address: PhysicalAddress, into bytes: inout MutableRawSpan
  ) throws(SessionError) -> Bool {
    if state == .ended { throw ending ?? .ended }
    if state == .running { throw .running }
    do {
      return try memory.copy(address.rawValue, count: bytes.byteCount, into: &bytes, at: 0)
    } catch {
      return try attempt { () throws(SessionError) in throw error }
    }
  }

  /// The bytes at a linear address under the live CR3, whatever their rights. Throws `.notMapped` with the first
  /// address that has no translation.
  public func readVirtual(
    _ address: VirtualAddress, byteCount: Int
  ) throws(SessionError) -> [UInt8] {
    let registers = coreRegisters
    guard core != nil else { throw takeFailure() ?? .ended }
    guard registers.isLongMode, memoryWay != nil else {
      return try readThroughStub(address, byteCount: byteCount)
    }
    var machine = self
    var bytes: [UInt8] = []
    while bytes.count < byteCount {
      let place = address + UInt64(bytes.count)
      let walk = machine.walk(place, root: registers.cr3.root, mode: registers.pagingMode)
      guard let physical = walk.physicalAddress else {
        throw takeFailure() ?? .notMapped(place)
      }
      let room = PageSize.size4KiB.bytes - place.offset(in: .size4KiB)
      bytes += try readPhysical(physical, byteCount: min(byteCount - bytes.count, Int(room)))
    }
    return bytes
  }

  /// What the stub itself reads at a linear address: as much as there is. Nil where kdbg's own walk is the better way: in
  /// long mode, when the tables can be found and read.
  public func bytesByStub(at address: VirtualAddress, count: Int) -> [UInt8]? {
    guard case .stopped = state else { return nil }
    let registers = coreRegisters
    let isPlain = knowsControlRegisters && (registers.isLongMode || !registers.cr0.contains(.paging))
    guard !isPlain || memoryWay == nil else { return nil }
    var bytes: [UInt8] = []
    for piece in Self.pieces(address, byteCount: count, largest: client.packetSize / 2) {
      do {
        bytes += try readThroughStub(VirtualAddress(piece.address), byteCount: piece.byteCount)
      } catch {
        if error.category == .lost, failure == nil { failure = error }
        break
      }
    }
    return bytes
  }

  /// Without long mode there are other tables or none; the stub knows them.
  private func readThroughStub(
    _ address: VirtualAddress, byteCount: Int
  ) throws(SessionError) -> [UInt8] {
    let pieces = Self.pieces(address, byteCount: byteCount, largest: client.packetSize / 2)
    return try attempt { () throws(SessionError) in
      let replies = try client.pipeline(
        pieces.map { Request.read($0.address, $0.byteCount) }, "read memory")
      var bytes: [UInt8] = []
      for (piece, reply) in zip(pieces, replies) {
        guard reply.errorCode == nil, let part = reply.hexadecimalBytes(), part.count == piece.byteCount
        else { throw .notMapped(VirtualAddress(piece.address)) }
        bytes += part
      }
      return bytes
    }
  }

  /// A span cut at page boundaries, so that an unmapped page spoils only itself, and into what a packet holds.
  static func pieces(
    _ address: VirtualAddress, byteCount: Int, largest: Int
  ) -> [(address: UInt64, byteCount: Int)] {
    var pieces: [(address: UInt64, byteCount: Int)] = []
    var done = 0
    while done < byteCount {
      let place = address + UInt64(done)
      let room = Int(PageSize.size4KiB.bytes - place.offset(in: .size4KiB))
      let part = min(byteCount - done, room, max(largest, 1))
      pieces.append((place.rawValue, part))
      done += part
    }
    return pieces
  }

  private var memory: any PhysicalSource { physicalMemory.source }
}
