import Core
import Machine
import Stub
import X86

/// Where an address leads.
enum Translation {
  case place(PhysicalAddress)
  case fault(MemoryFault)
}

/// Memory without faults: every address is translated by a walk, and only RAM is touched, through the window.
extension KernelTarget {
  mutating func read(
    _ address: UInt64, in space: MemorySpace, into bytes: inout MutableSpan<UInt8>
  ) -> MemoryTransfer {
    var window = PhysicalWindow()
    var done = 0
    while done < bytes.count {
      let here = address &+ UInt64(truncatingIfNeeded: done)
      let place: PhysicalAddress
      switch translate(here, in: space) {
      case .place(let found): place = found
      case .fault(let fault): return .partial(done, fault, at: here)
      }
      // To the end of the page, the last one that was asked for.
      let room = min(bytes.count &- done, Int(truncatingIfNeeded: 4096 &- (here & 4095)))
      var offset = 0
      while offset < room {
        let source = place + UInt64(truncatingIfNeeded: offset)
        guard let word = window.load(PhysicalAddress(truncating: source.rawValue & ~7)) else {
          return .partial(done &+ offset, .outsideMemory, at: here &+ UInt64(truncatingIfNeeded: offset))
        }
        var byte = source.rawValue & 7
        while byte < 8, offset < room {
          let position = done &+ offset
          guard position >= 0, position < bytes.count else { return .complete(done) }
          bytes[position] = UInt8(truncatingIfNeeded: word &>> (byte &* 8))
          byte &+= 1
          offset &+= 1
        }
      }
      done &+= room
    }
    return .complete(done)
  }

  mutating func write(_ bytes: Span<UInt8>, to address: UInt64, in space: MemorySpace) -> MemoryTransfer {
    var window = PhysicalWindow()
    for position in 0..<bytes.count {
      let here = address &+ UInt64(position)
      switch translate(here, in: space) {
      case .place(let place):
        guard ExportedTable.isRAM(place, byteCount: 1) else {
          return .partial(position, .outsideMemory, at: here)
        }
        window.patchByte(bytes[position], at: place)
      case .fault(let fault): return .partial(position, fault, at: here)
      }
    }
    return .complete(bytes.count)
  }

  /// Where a byte is on the memory bus.
  func translate(_ address: UInt64, in space: MemorySpace) -> Translation {
    switch space {
    case .physical:
      guard let place = PhysicalAddress(exactly: address) else { return .fault(.outsideMemory) }
      return .place(place)
    case .linear(let thread):
      guard VirtualAddress(address).isCanonical(.four) else { return .fault(.notCanonical) }
      var window = PhysicalWindow()
      let walk = window.walk(VirtualAddress(address), root: root(of: thread), mode: .building)
      guard let place = walk.physicalAddress else { return .fault(.notMapped) }
      return .place(place)
    }
  }

  /// A run of pages with the same rights, at most 512 of them.
  mutating func region(containing address: UInt64, of thread: TargetThread) -> MemoryRegion? {
    guard VirtualAddress(address).isCanonical(.four) else { return nil }
    let root = root(of: thread)
    var window = PhysicalWindow()
    let first = window.walk(VirtualAddress(address), root: root, mode: .building)
    let start = address & ~(first.coveredBytes - 1)
    var last = start &+ (first.coveredBytes - 1)
    for _ in 0..<512 {
      let next = last &+ 1
      guard next != 0, VirtualAddress(next).isCanonical(.four) else { break }
      let walk = window.walk(VirtualAddress(next), root: root, mode: .building)
      guard Self.rights(of: walk) == Self.rights(of: first) else { break }
      last = (next & ~(walk.coveredBytes - 1)) &+ (walk.coveredBytes - 1)
    }
    return MemoryRegion(start: start, last: last, rights: Self.rights(of: first))
  }

  private static func rights(of walk: PageWalk) -> MemoryRegion.Rights? {
    guard walk.physicalAddress != nil else { return nil }
    return MemoryRegion.Rights(
      isReadable: true, isWritable: walk.rights.isWritable, isExecutable: walk.rights.isExecutable)
  }
}
