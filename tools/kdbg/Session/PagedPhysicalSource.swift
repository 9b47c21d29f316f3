/// Fetches whole pages of physical memory.
protocol PageFetcher {
  static var pageByteCount: Int { get }
  /// The qwords of each page, nil for one that is not memory.
  func fetch(pages: [UInt64]) throws(SessionError) -> [[UInt64]?]
  /// What stands at `address`, and how far; nil where nobody knows.
  func extent(at address: UInt64) throws(SessionError) -> MemoryExtent?
}

extension PageFetcher {
  static var pageByteCount: Int { 4096 }
  func extent(at address: UInt64) throws(SessionError) -> MemoryExtent? { nil }
}

/// Physical memory page by page, kept until the machine runs: a walk reads the same tables again and again.
final class PagedPhysicalSource<Fetcher: PageFetcher>: PhysicalSource {
  /// 16 MiB. What is read once and in bulk must not fill memory.
  private static var mostPages: Int { 4096 }
  /// How many pages one round of requests asks for.
  private static var mostPagesAtOnce: Int { 256 }

  private let fetcher: Fetcher
  private var pages: [UInt64: [UInt64]?] = [:]
  private var wished: Set<UInt64> = []
  /// The table that was put together last, and its first page: it is looked at several times.
  private var recentTable: (first: UInt64, entries: [UInt64])?

  init(_ fetcher: Fetcher) { self.fetcher = fetcher }

  func load(_ address: UInt64) throws(SessionError) -> UInt64? {
    let (number, offset) = Self.split(address)
    try fetch(number...number)
    guard let page = pages[number] ?? nil else { return nil }
    return page[offset / 8]
  }

  func withTable<Result>(_ address: UInt64, _ body: (Span<UInt64>) -> Result) throws(SessionError) -> Result?
  {
    let first = Self.split(address).number
    let last = Self.split(address | 0xfff).number
    try fetch(first...last)
    guard first != last else { return (pages[first] ?? nil).map { body($0.span) } }
    if let (known, table) = recentTable, known == first { return body(table.span) }
    var table: [UInt64] = []
    table.reserveCapacity(512)
    for number in first...last {
      guard let page = pages[number] ?? nil else { return nil }
      table += page
    }
    recentTable = (first, table)
    return body(table.span)
  }

  func extent(at address: UInt64) throws(SessionError) -> MemoryExtent? { try fetcher.extent(at: address) }

  func copy(
    _ address: UInt64, count: Int, into bytes: inout MutableRawSpan, at start: Int
  ) throws(SessionError) -> Bool {
    var done = 0
    while done < count {
      let (number, offset) = Self.split(address + UInt64(done))
      let last = Self.split(address + UInt64(count - 1)).number
      try fetch(number...min(last, number + UInt64(Self.mostPagesAtOnce - 1)))
      guard let page = pages[number] ?? nil else { return false }
      let part = min(count - done, Fetcher.pageByteCount - offset)
      for index in 0..<part {
        let place = offset + index
        bytes.storeBytes(
          of: UInt8(truncatingIfNeeded: page[place / 8] >> UInt64(place % 8 * 8)),
          toByteOffset: start + done + index, as: UInt8.self)
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
    recentTable = nil
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
