import X86

/// A debugger's reads: bytes, whatever their rights, as many as there are.
extension Debuggee {
  /// `count` bytes from linear `address` on under the loaded CR3 (physical ones while paging is off), or as many
  /// as there are before the first that cannot be read.
  public func bytes(at address: VirtualAddress, count: Int) -> [UInt8] {
    var machine = self
    let registers = coreRegisters
    let isPaging = registers.cr0.contains(.paging)
    var bytes: [UInt8] = []
    while bytes.count < count {
      let here = address + UInt64(bytes.count)
      let room = Int(PageSize.size4KiB.bytes - here.offset(in: .size4KiB))
      let wanted = min(count - bytes.count, room)
      let start =
        isPaging
        ? machine.walk(here, root: registers.cr3.root, mode: registers.pagingMode).physicalAddress
        : PhysicalAddress(exactly: here.rawValue)
      guard let start else { break }
      let piece = machine.bytes(at: start, count: wanted)
      bytes += piece
      guard piece.count == wanted else { break }
    }
    return bytes
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
      guard let aligned = PhysicalAddress(exactly: here & ~7), let qword = load(aligned) else { break }
      for index in (here & 7)..<8 where bytes.count < count {
        bytes.append(UInt8(truncatingIfNeeded: qword >> (index * 8)))
      }
    }
    return bytes
  }
}
