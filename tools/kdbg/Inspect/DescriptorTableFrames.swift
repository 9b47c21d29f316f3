import X86

/// Where the tables of descriptors lie in physical memory: GDT and IDT, each a few spans of pages. What an audit uses of
/// them stands close together, and a request brings it at once.
struct DescriptorTableFrames: Sendable {
  /// Consecutive bytes, fetched by one request. Both numbers are multiples of 8.
  struct Block: Equatable, Sendable {
    let address: UInt64
    private(set) var byteCount = 8

    init(at address: UInt64) { self.address = address }

    /// True when `next`, above all others, joined them.
    mutating func extend(to next: UInt64) -> Bool {
      let grown = next &- address &+ 8
      guard next / Self.pageBytes == address / Self.pageBytes, grown <= ReadTally.requestByteCount else {
        return false
      }
      byteCount = Int(grown)
      return true
    }

    private static let pageBytes = PageSize.size4KiB.bytes
  }

  private var spans: [ClosedRange<UInt64>] = []

  /// Those that the processor of `machine` uses now. A page that is not mapped is left out.
  init(of machine: inout some MachineView) {
    let registers = machine.registers
    for table in [registers.globalTable, registers.interruptTable] {
      guard let table else { continue }
      let end = table.base.rawValue &+ UInt64(table.limit)
      var start = table.base.rawValue
      while start <= end, start >= table.base.rawValue {
        let last = min(end, start | (PageSize.size4KiB.bytes - 1))
        let walk = machine.walk(VirtualAddress(start), root: registers.cr3.root, mode: registers.pagingMode)
        if let place = walk.physicalAddress?.rawValue {
          spans.append((place & ~7)...(place &+ (last - start)))
        }
        guard last < end else { break }
        start = last + 1
      }
    }
  }

  func hold(_ address: UInt64) -> Bool { spans.contains { $0.contains(address) } }

  /// What brings those of `addresses`, which ascend, that lie in the tables.
  func blocks(of addresses: some Sequence<UInt64>) -> [Block] {
    var blocks: [Block] = []
    for address in addresses where hold(address) {
      if let last = blocks.indices.last, blocks[last].extend(to: address) { continue }
      blocks.append(Block(at: address))
    }
    return blocks
  }
}

/// What an audit read of the machine, each qword once.
public struct ReadTally: Equatable, Sendable {
  /// What one request brings, in bytes: the share of a packet of 4 KiB in hexadecimal.
  public static let requestByteCount: UInt64 = 2048

  /// All that was looked at.
  public let qwords: Int
  /// As the specification counts: a qword of page tables, TSS, frame or code is one read, and so is a block of GDT or IDT.
  public let reads: Int
  /// Requests that bring all of it: the spans of ``requestByteCount`` that it touches.
  public let requests: Int

  init(of addresses: Set<UInt64>, _ tables: DescriptorTableFrames) {
    qwords = addresses.count
    let ordered = addresses.sorted()
    reads = ordered.count { !tables.hold($0) } + tables.blocks(of: ordered).count
    requests = Set(ordered.map { $0 / Self.requestByteCount }).count
  }
}
