/// Some qwords of one page, such as are worth a request.
struct PagePart: Equatable {
  let page: UInt64
  /// By the numbers of its qwords.
  let qwords: ClosedRange<Int>
}

/// Fetches pages of physical memory.
protocol PageFetcher {
  static var pageByteCount: Int { get }
  /// True where a part of a page costs less than the page, and many parts at once hardly more than one.
  static var prefersParts: Bool { get }
  /// The qwords of each page, nil for one that is not memory.
  func fetch(pages: [UInt64]) throws(SessionError) -> [[UInt64]?]
  /// The same of parts. Asked only of one that prefers them.
  func fetch(parts: [PagePart]) throws(SessionError) -> [[UInt64]?]
  /// What stands at `address`, and how far; nil where nobody knows.
  func extent(at address: UInt64) throws(SessionError) -> MemoryExtent?
}

extension PageFetcher {
  static var pageByteCount: Int { 4096 }
  static var prefersParts: Bool { false }
  static var qwordCount: Int { pageByteCount / 8 }
  func fetch(parts: [PagePart]) throws(SessionError) -> [[UInt64]?] {
    try fetch(pages: parts.map(\.page)).enumerated().map { position, page in
      page.map { Array($0[parts[position].qwords]) }
    }
  }
  func extent(at address: UInt64) throws(SessionError) -> MemoryExtent? { nil }
}

/// Physical memory page by page, kept until the machine runs: a walk reads the same tables again and again.
final class PagedPhysicalSource<Fetcher: PageFetcher>: PhysicalSource {
  /// 16 MiB. What is read once and in bulk must not fill memory.
  private static var mostPages: Int { 4096 }
  /// How many pages one round of requests asks for.
  private static var mostPagesAtOnce: Int { 256 }

  private let fetcher: Fetcher
  private var pages: [UInt64: FetchedPage] = [:]
  private var wished: Set<UInt64> = []
  private var habit = ReadingHabit()
  /// The table that was put together last, and its first page: it is looked at several times.
  private var recentTable: (first: UInt64, entries: [UInt64])?

  init(_ fetcher: Fetcher) { self.fetcher = fetcher }

  func load(_ address: UInt64) throws(SessionError) -> UInt64? {
    let (number, offset) = Self.split(address)
    let index = offset / 8
    if let page = pages[number], page.has(index...index) { return page[index] }
    try fetch(number...number, index...index)
    return pages[number]?[index]
  }

  func withTable<Result>(_ address: UInt64, _ body: (Span<UInt64>) -> Result) throws(SessionError) -> Result?
  {
    let first = Self.split(address).number
    let last = Self.split(address | 0xfff).number
    try fetch(first...last, Self.whole)
    guard first != last else { return pages[first]?.qwords.map { body($0.span) } }
    if let (known, table) = recentTable, known == first { return body(table.span) }
    var table: [UInt64] = []
    table.reserveCapacity(512)
    for number in first...last {
      guard let page = pages[number]?.qwords else { return nil }
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
      let part = min(count - done, Fetcher.pageByteCount - offset)
      let wanted = last == number ? offset / 8...(offset + part - 1) / 8 : Self.whole
      try fetch(number...min(last, number + UInt64(Self.mostPagesAtOnce - 1)), wanted)
      guard let page = pages[number] else { return false }
      for index in 0..<part {
        let place = offset + index
        guard let qword = page[place / 8] else { return false }
        bytes.storeBytes(
          of: UInt8(truncatingIfNeeded: qword >> UInt64(place % 8 * 8)), toByteOffset: start + done + index,
          as: UInt8.self)
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
    guard !pages.isEmpty || !wished.isEmpty else { return }
    if Fetcher.prefersParts { habit.note(pages) }
    pages.removeAll(keepingCapacity: true)
    wished.removeAll(keepingCapacity: true)
    recentTable = nil
  }

  private static var whole: ClosedRange<Int> { 0...(Fetcher.qwordCount - 1) }

  private static func split(_ address: UInt64) -> (number: UInt64, offset: Int) {
    let size = UInt64(Fetcher.pageByteCount)
    return (address / size, Int(address % size))
  }

  /// Has `qwords` of the pages of `range` fetched, and with them all that were wished for and, at the first read of a
  /// stop, all that were read at the last ones.
  private func fetch(_ range: ClosedRange<UInt64>, _ qwords: ClosedRange<Int>) throws(SessionError) {
    guard range.contains(where: { pages[$0]?.has(qwords) != true }) else { return }
    if pages.count > Self.mostPages { pages.removeAll(keepingCapacity: true) }
    guard Fetcher.prefersParts else {
      let missing = wished.union(range).filter { pages[$0] == nil }.sorted()
      wished.removeAll(keepingCapacity: true)
      for (number, page) in zip(missing, try fetcher.fetch(pages: missing)) {
        pages[number] = FetchedPage(first: 0, page)
      }
      return
    }
    var parts = range.filter { pages[$0]?.has(qwords) != true }.map { number in
      // What is read for the first time is hardly read alone; what a page has already is fetched again with the rest.
      let usual = pages[number] == nil ? habit[number] : nil
      let isEnough = usual.map { $0.contains(qwords.lowerBound) && $0.contains(qwords.upperBound) } ?? false
      return PagePart(page: number, qwords: isEnough ? usual ?? Self.whole : Self.whole)
    }
    var others = wished.filter { pages[$0] == nil && !range.contains($0) }
    wished.removeAll(keepingCapacity: true)
    if pages.isEmpty { others.formUnion(habit.pages.filter { !range.contains($0) }) }
    parts += others.sorted().map { PagePart(page: $0, qwords: habit[$0] ?? Self.whole) }
    for (part, values) in zip(parts, try fetcher.fetch(parts: parts)) {
      let page = FetchedPage(first: part.qwords.lowerBound, values)
      if let known = pages[part.page] { page.noteUse(of: known) }
      pages[part.page] = page
    }
  }
}

/// One page as far as it was fetched, and what of it was looked at.
final class FetchedPage {
  private let first: Int
  private let values: [UInt64]?
  private(set) var used: ClosedRange<Int>?

  /// - Parameter values: nil where there is no memory.
  init(first: Int, _ values: [UInt64]?) {
    self.first = first
    self.values = values
  }

  /// True when nothing must be fetched to answer for `wanted`.
  func has(_ wanted: ClosedRange<Int>) -> Bool {
    guard let values else { return true }
    return first <= wanted.lowerBound && wanted.upperBound < first + values.count
  }

  /// The qword of that number; nil where it is not memory, or was not fetched.
  subscript(index: Int) -> UInt64? {
    guard let values, index >= first, index - first < values.count else { return nil }
    if let used, used.contains(index) { return values[index - first] }
    used = min(used?.lowerBound ?? index, index)...max(used?.upperBound ?? index, index)
    return values[index - first]
  }

  /// All of it; used as such.
  var qwords: [UInt64]? {
    if let values { used = first...(first + values.count - 1) }
    return values
  }

  func noteUse(of other: FetchedPage) {
    guard let theirs = other.used else { return }
    used = theirs
  }
}

/// What was read at the last stops. A loop that stops again and again at one place reads the same again and again, and so
/// can ask for all of it with its first request. Only ever a hint: what is not read after all was fetched in vain.
struct ReadingHabit {
  /// One that read more looked around, and will look elsewhere the next time.
  private static let mostPages = 64
  /// Two processes take turns, and an odd stop comes in between.
  private static let memory = 4

  private struct Use {
    var qwords: ClosedRange<Int>
    var stop: Int
  }

  private var uses: [UInt64: Use] = [:]
  private var stop = 0

  var pages: some Collection<UInt64> { uses.keys }

  subscript(page: UInt64) -> ClosedRange<Int>? { uses[page]?.qwords }

  /// Takes over what was used between two runs of the machine.
  mutating func note(_ pages: [UInt64: FetchedPage]) {
    guard pages.count <= Self.mostPages else {
      uses.removeAll(keepingCapacity: true)
      return
    }
    stop += 1
    for (number, page) in pages {
      guard let used = page.used else { continue }
      let known = uses[number]?.qwords ?? used
      let both = min(known.lowerBound, used.lowerBound)...max(known.upperBound, used.upperBound)
      uses[number] = Use(qwords: both, stop: stop)
    }
    if uses.contains(where: { stop - $0.value.stop >= Self.memory }) {
      uses = uses.filter { stop - $0.value.stop < Self.memory }
    }
  }
}
