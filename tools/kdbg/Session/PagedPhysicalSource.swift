/// Fetches whole pages of physical memory.
protocol PageFetcher {
  static var pageByteCount: Int { get }
  /// The bytes of each page, nil for one that is not memory.
  func fetch(pages: [UInt64]) throws(SessionError) -> [[UInt8]?]
}

extension PageFetcher {
  static var pageByteCount: Int { 4096 }
}

/// Physical memory page by page, kept until the machine runs: a walk reads the same tables again and again.
final class PagedPhysicalSource<Fetcher: PageFetcher>: PhysicalSource {
  /// 16 MiB. What is read once and in bulk must not fill memory.
  private static var mostPages: Int { 4096 }
  /// How many pages one round of requests asks for.
  private static var mostPagesAtOnce: Int { 256 }

  private let fetcher: Fetcher
  private var pages: [UInt64: [UInt8]?] = [:]
  private var wished: Set<UInt64> = []

  init(_ fetcher: Fetcher) { self.fetcher = fetcher }

  func load(_ address: UInt64) throws(SessionError) -> UInt64? {
    let (number, offset) = Self.split(address)
    try fetch(number...number)
    guard let page = pages[number] ?? nil else { return nil }
    var value: UInt64 = 0
    for index in (0..<8).reversed() { value = value << 8 | UInt64(page[offset + index]) }
    return value
  }

  func copy(
    _ address: UInt64, count: Int, into bytes: inout MutableRawSpan, at start: Int
  ) throws(SessionError) -> Bool {
    var done = 0
    while done < count {
      let (number, offset) = Self.split(address + UInt64(done))
      let last = Self.split(address + UInt64(count - 1)).number
      try fetch(number...min(last, number + UInt64(Self.mostPagesAtOnce - 1)))
      guard let page = pages[number] ?? nil else { return false }
      let part = min(count - done, page.count - offset)
      for index in 0..<part {
        bytes.storeBytes(of: page[offset + index], toByteOffset: start + done + index, as: UInt8.self)
      }
      done += part
    }
    return true
  }

  func prefetch(_ address: UInt64, count: Int) {
    guard count > 0 else { return }
    let first = Self.split(address).number
    let last = Self.split(address &+ UInt64(count - 1)).number
    guard first <= last else { return }
    // A hint for more than fits is no help.
    for number in first...min(last, first + UInt64(Self.mostPagesAtOnce - 1)) { wished.insert(number) }
  }

  func invalidate() {
    pages.removeAll(keepingCapacity: true)
    wished.removeAll(keepingCapacity: true)
  }

  private static func split(_ address: UInt64) -> (number: UInt64, offset: Int) {
    let size = UInt64(Fetcher.pageByteCount)
    return (address / size, Int(address % size))
  }

  /// Has the pages of `range` fetched, and with them all that were wished for.
  private func fetch(_ range: ClosedRange<UInt64>) throws(SessionError) {
    guard range.contains(where: { pages[$0] == nil }) else { return }
    if pages.count > Self.mostPages { pages.removeAll(keepingCapacity: true) }
    let missing = wished.union(range).filter { pages[$0] == nil }.sorted()
    wished.removeAll(keepingCapacity: true)
    for (number, page) in zip(missing, try fetcher.fetch(pages: missing)) { pages[number] = .some(page) }
  }
}

/// Pages by `m` packets while QEMU's gdbserver takes addresses as physical. Such a read never fails, so the
/// memory map decides what may be asked.
struct PacketPageFetcher: PageFetcher {
  /// What one reply of QEMU's carries: PacketSize is 4 KiB, and a byte takes two digits.
  static var pageByteCount: Int { 2048 }
  let client: GDBClient
  let map: GuestMemoryMapCache

  func fetch(pages: [UInt64]) throws(SessionError) -> [[UInt8]?] {
    let size = UInt64(Self.pageByteCount)
    let piece = min(client.packetSize / 2, Self.pageByteCount)
    var isMemory: [Bool] = []
    // The mode is sticky and survives kdbg, so it is never left switched on.
    var requests = [PhysicalMode.physical.request]
    for page in pages {
      let isReadable = try map.covers(page * size, count: Self.pageByteCount)
      isMemory.append(isReadable)
      guard isReadable else { continue }
      for offset in stride(from: 0, to: Self.pageByteCount, by: piece) {
        requests.append(Request.read(page * size + UInt64(offset), min(piece, Self.pageByteCount - offset)))
      }
    }
    requests.append(PhysicalMode.virtual.request)
    guard requests.count > 2 else { return isMemory.map { _ in nil } }
    var replies = try client.pipeline(requests, "read physical memory")[...]
    try replies.removeFirst().requireOK("read physical memory")
    try replies.removeLast().requireOK("read physical memory")
    return isMemory.map { isMemory in
      guard isMemory else { return nil }
      var page: [UInt8] = []
      page.reserveCapacity(Self.pageByteCount)
      while page.count < Self.pageByteCount, let part = replies.popFirst()?.hexadecimalBytes(), !part.isEmpty
      {
        page += part
      }
      return page.count == Self.pageByteCount ? page : nil
    }
  }
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

/// Pages by `xp` of the human monitor, for a QEMU before 4.1.
struct MonitorPageFetcher: PageFetcher {
  /// `xp` reads devices too, and a read can change one.
  let map: GuestMemoryMapCache
  let monitor: (String) throws(SessionError) -> String

  func fetch(pages: [UInt64]) throws(SessionError) -> [[UInt8]?] {
    var fetched: [[UInt8]?] = []
    for page in pages {
      let size = UInt64(Self.pageByteCount)
      guard try map.covers(page * size, count: Self.pageByteCount) else {
        fetched.append(nil)
        continue
      }
      let text = try monitor("xp /\(size / 8)gx 0x\(String(page * size, radix: 16))")
      fetched.append(Self.bytes(parsing: text))
    }
    return fetched
  }

  /// Reads lines such as `0000000000001000: 0x0000000000000001 0x0000000000000002`. Nil unless they make a
  /// whole page: the monitor says "Cannot access memory" where it ends.
  static func bytes(parsing text: String) -> [UInt8]? {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(pageByteCount)
    for line in text.split(whereSeparator: \.isNewline) {
      guard let colon = line.firstIndex(of: ":") else { return nil }
      for word in line[line.index(after: colon)...].split(separator: " ") {
        guard word.hasPrefix("0x"), let value = UInt64(word.dropFirst(2), radix: 16) else { return nil }
        for shift in stride(from: 0, to: 64, by: 8) {
          bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(shift)))
        }
      }
    }
    return bytes.count == pageByteCount ? bytes : nil
  }
}
