import X86

/// A debugger's reads: bytes, whatever their rights, as many as there are.
extension Debuggee {
  /// `count` bytes from linear `address` on under the loaded CR3 (physical ones while paging is off), or as many
  /// as there are before the first that cannot be read. With `given`, under that root table instead of the loaded one.
  public func bytes(at address: VirtualAddress, count: Int, under given: CR3? = nil) -> [UInt8] {
    if given == nil, let bytes = bytesByStub(at: address, count: count) { return bytes }
    var machine = self
    var bytes: [UInt8] = []
    while bytes.count < count {
      let wanted = min(count - bytes.count, Self.mostBytesAtOnce)
      let parts = translate(address + UInt64(bytes.count), count: wanted, under: given)
      // All of them in one round: over a line every request takes its time.
      for part in parts { machine.prefetch(part.start, byteCount: part.count) }
      let before = bytes.count
      for part in parts {
        let piece = machine.bytes(at: part.start, count: part.count)
        bytes += piece
        guard piece.count == part.count else { return bytes }
      }
      guard bytes.count - before == wanted else { break }
    }
    return bytes
  }

  /// The same for much code at once; what is no memory reads as zeros, which are no return.
  func code(at address: VirtualAddress, count: Int) -> [UInt8] {
    var machine = self
    let registers = coreRegisters
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count)
    while bytes.count < count {
      let place = address + UInt64(bytes.count)
      let walk = machine.walk(place, root: registers.cr3.root, mode: registers.pagingMode)
      let room = walk.coveredBytes - (place.rawValue & (walk.coveredBytes - 1))
      let part = min(count - bytes.count, Int(clamping: room), Self.mostBytesAtOnce)
      if let physical = walk.physicalAddress {
        bytes += memory(at: physical, count: part)
      } else {
        bytes += [UInt8](repeating: 0, count: part)
      }
    }
    return bytes
  }

  /// `count` bytes of physical memory, with zeros for the pages that are none.
  private func memory(at address: PhysicalAddress, count: Int) -> [UInt8] {
    var machine = self
    machine.prefetch(address, byteCount: count)
    var bytes = [UInt8](repeating: 0, count: count)
    if bytes.withRawBytes({ machine.read(address, into: &$0) }) { return bytes }
    let room = Int(PageSize.size4KiB.bytes - (address.rawValue & (PageSize.size4KiB.bytes - 1)))
    guard count > room else { return [UInt8](repeating: 0, count: count) }
    return memory(at: address, count: room) + memory(at: address + UInt64(room), count: count - room)
  }

  /// The little-endian qword at a linear address, whatever the processor's mode; nil where it cannot be read. With
  /// `given`, under that root table instead of the loaded one.
  public func linearQword(at address: VirtualAddress, under given: CR3? = nil) -> UInt64? {
    let registers = coreRegisters
    if given != nil || registers.isLongMode && knowsControlRegisters && memoryWay != nil {
      var machine = self
      return machine.loadVirtual(address, root: (given ?? registers.cr3).root, mode: registers.pagingMode)
    }
    let bytes = bytes(at: address, count: 8)
    guard bytes.count == 8 else { return nil }
    return bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  private static var mostBytesAtOnce: Int { 1 << 16 }

  /// Where each page of a span lies, up to the first that has no translation.
  private func translate(
    _ address: VirtualAddress, count: Int, under given: CR3?
  ) -> [(start: PhysicalAddress, count: Int)] {
    var machine = self
    let registers = coreRegisters
    let isPaging = registers.cr0.contains(.paging)
    var parts: [(start: PhysicalAddress, count: Int)] = []
    var done = 0
    while done < count {
      let here = address + UInt64(done)
      let start =
        isPaging
        ? machine.walk(here, root: (given ?? registers.cr3).root, mode: registers.pagingMode).physicalAddress
        : PhysicalAddress(exactly: here.rawValue)
      guard let start else { break }
      let part = min(count - done, Int(PageSize.size4KiB.bytes - here.offset(in: .size4KiB)))
      parts.append((start, part))
      done += part
    }
    return parts
  }
}

extension PhysicalMemory {
  /// `count` bytes from physical `address` on, or as many as there are before the first outside RAM.
  public mutating func bytes(at address: PhysicalAddress, count: Int) -> [UInt8] {
    prefetch(address, byteCount: count)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count)
    while bytes.count < count {
      let here = address.rawValue &+ UInt64(bytes.count)
      if count - bytes.count >= Self.worthAPage, appendQwords(from: here, of: count, to: &bytes) { continue }
      guard let aligned = PhysicalAddress(exactly: here & ~7), var qword = load(aligned) else { break }
      let skipped = Int(here & 7)
      qword >>= UInt64(skipped * 8)
      for _ in 0..<min(8 - skipped, count - bytes.count) {
        bytes.append(UInt8(truncatingIfNeeded: qword))
        qword >>= 8
      }
    }
    return bytes
  }
  /// From this many bytes on the page is looked at as a whole.
  private static var worthAPage: Int { 256 }

  /// Appends the whole qwords from `address` to the end of its page, as far as `count` bytes go. False where none can be
  /// had like this.
  private mutating func appendQwords(from address: UInt64, of count: Int, to bytes: inout [UInt8]) -> Bool {
    guard address.isMultiple(of: 8), let start = PhysicalAddress(exactly: address) else { return false }
    let inPage = Int(address % PageSize.size4KiB.bytes)
    let room = min(count - bytes.count, Int(PageSize.size4KiB.bytes) - inPage) / 8
    let appended: Void? = withTable(PhysicalFrame(containing: start)) { table in
      for index in inPage / 8..<inPage / 8 + room {
        var qword = table[index]
        for _ in 0..<8 {
          bytes.append(UInt8(truncatingIfNeeded: qword))
          qword >>= 8
        }
      }
    }
    return appended != nil
  }
}
