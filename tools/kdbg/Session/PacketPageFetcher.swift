/// Pages, or what is wanted of them, by `m` packets while QEMU's gdbserver takes addresses as physical. Such a read never fails, so the
/// memory map decides what may be asked.
struct PacketPageFetcher: PageFetcher {
  /// What one reply of QEMU's carries: PacketSize is 4 KiB, and a byte takes two digits.
  static var pageByteCount: Int { 2048 }
  let client: GDBClient
  let map: GuestMemoryMapCache

  static var prefersParts: Bool { true }

  func fetch(pages: [UInt64]) throws(SessionError) -> [[UInt64]?] {
    try fetch(parts: pages.map { PagePart(page: $0, qwords: 0...(Self.qwordCount - 1)) })
  }

  func fetch(parts: [PagePart]) throws(SessionError) -> [[UInt64]?] {
    let size = UInt64(Self.pageByteCount)
    let piece = min(client.packetSize / 2, Self.pageByteCount) & ~7
    guard piece > 0 else { return parts.map { _ in nil } }
    var fetched = [[UInt64]?](repeating: nil, count: parts.count)
    // The mode is sticky and survives kdbg, so it is never left switched on.
    var requests = [PhysicalMode.physical.request]
    requests.reserveCapacity(parts.count + 2)
    // The part that each request belongs to.
    var owners: [Int] = []
    owners.reserveCapacity(parts.count)
    for (position, part) in parts.enumerated() {
      // A page that is memory in part counts as none, whatever is asked of it.
      guard try map.covers(part.page * size, count: Self.pageByteCount) else { continue }
      let end = (part.qwords.upperBound + 1) * 8
      for offset in stride(from: part.qwords.lowerBound * 8, to: end, by: piece) {
        requests.append(Request.read(part.page * size + UInt64(offset), min(piece, end - offset)))
        owners.append(position)
      }
    }
    requests.append(PhysicalMode.virtual.request)
    guard !owners.isEmpty else { return fetched }
    let last = requests.count - 1
    var qwords: [UInt64] = []
    try client.pipeline(requests, "read physical memory") { (number, reply) throws(SessionError) in
      guard number > 0, number < last else { return try reply.requireOK("read physical memory") }
      let owner = owners[number - 1]
      let wanted = parts[owner].qwords.count
      if number == 1 || owners[number - 2] != owner { qwords = [] }
      qwords.reserveCapacity(wanted)
      guard reply.appendQwords(to: &qwords), qwords.count == wanted else { return }
      fetched[owner] = qwords
    }
    return fetched
  }

  func extent(at address: UInt64) throws(SessionError) -> MemoryExtent? { try map.extent(at: address) }
}

/// How QEMU's gdbserver understands the addresses of `m` and `M`. One switch for all its clients, kept when they
/// go away.
enum PhysicalMode: Equatable {
  case virtual
  case physical

  static let query = Array("qqemu.PhyMemMode".utf8)

  var request: [UInt8] {
    switch self {
    case .virtual: Array("Qqemu.PhyMemMode:0".utf8)
    case .physical: Array("Qqemu.PhyMemMode:1".utf8)
    }
  }

  /// Nil when the stub has no such mode.
  init?(_ reply: Reply) {
    switch reply.text {
    case "0": self = .virtual
    case "1": self = .physical
    default: return nil
    }
  }
}
