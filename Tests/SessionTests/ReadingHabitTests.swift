import Testing

@testable import Session

/// What the loop of the check does to memory by packets: the same reads at every stop come with one round of requests.
@Suite struct ReadingHabitTests {
  /// Memory of 1 MiB in which each qword holds its address, plus what was added since.
  private final class Fetcher: PageFetcher {
    static let prefersParts = true
    var added: UInt64 = 0
    /// The rounds of requests so far.
    var rounds: [[PagePart]] = []

    func fetch(pages: [UInt64]) throws(SessionError) -> [[UInt64]?] {
      try fetch(parts: pages.map { PagePart(page: $0, qwords: 0...511) })
    }

    func fetch(parts: [PagePart]) throws(SessionError) -> [[UInt64]?] {
      rounds.append(parts)
      return parts.map { part in
        part.page < 256 ? part.qwords.map { part.page * 4096 + UInt64($0) * 8 + added } : nil
      }
    }
  }

  private let fetcher = Fetcher()
  private let source: PagedPhysicalSource<Fetcher>

  init() { source = PagedPhysicalSource(fetcher) }

  /// One stop at which `addresses` are read, each alone.
  private func stop(_ addresses: UInt64...) throws -> [UInt64?] {
    source.invalidate()
    fetcher.rounds = []
    return try addresses.map { try source.load($0) }
  }

  @Test func theSameReadsComeAtOnce() throws {
    #expect(try stop(0x1008, 0x2010, 0x2030, 0x3000) == [0x1008, 0x2010, 0x2030, 0x3000])
    #expect(fetcher.rounds.count == 3)
    fetcher.added = 1
    // What was read is read again, not remembered.
    #expect(try stop(0x1008, 0x2010, 0x2030, 0x3000) == [0x1009, 0x2011, 0x2031, 0x3001])
    #expect(fetcher.rounds.count == 1)
    let asked = fetcher.rounds[0].sorted { $0.page < $1.page }
    #expect(
      asked == [
        PagePart(page: 1, qwords: 1...1), PagePart(page: 2, qwords: 2...6), PagePart(page: 3, qwords: 0...0),
      ])
  }

  @Test func whatWasNotAskedForIsFetchedInFull() throws {
    _ = try stop(0x1008)
    #expect(try stop(0x1008, 0x1100, 0x1ff8, 0x4000) == [0x1008, 0x1100, 0x1ff8, 0x4000])
    #expect(
      fetcher.rounds == [
        [PagePart(page: 1, qwords: 1...1)], [PagePart(page: 1, qwords: 0...511)],
        [PagePart(page: 4, qwords: 0...511)],
      ])
    // From then on as much of it as is read.
    _ = try stop(0x1008, 0x1100, 0x1ff8)
    #expect(fetcher.rounds.count == 1)
    #expect(fetcher.rounds[0].contains(PagePart(page: 1, qwords: 1...511)))
  }

  @Test func aFirstReadElsewhereBringsItselfToo() throws {
    _ = try stop(0x1008)
    #expect(try stop(0x1100, 0x1008) == [0x1100, 0x1008])
    #expect(fetcher.rounds == [[PagePart(page: 1, qwords: 0...511)]])
  }

  @Test func stopsWithoutReadsChangeNothing() throws {
    _ = try stop(0x1008, 0x2008)
    for _ in 0..<10 { _ = try stop() }
    _ = try stop(0x1008, 0x2008)
    #expect(fetcher.rounds.count == 1)
  }

  @Test func whatIsReadNoMoreIsForgotten() throws {
    _ = try stop(0x1008, 0x2008)
    for _ in 0..<5 { _ = try stop(0x1008) }
    #expect(fetcher.rounds == [[PagePart(page: 1, qwords: 1...1)]])
  }

  /// Who lists an address space reads other tables the next time.
  @Test func aLookAroundIsNoHabit() throws {
    _ = try stop(0x1008)
    source.invalidate()
    for page in 0..<UInt64(100) { _ = try source.load(page * 4096) }
    _ = try stop(0x1008)
    #expect(fetcher.rounds == [[PagePart(page: 1, qwords: 0...511)]])
  }

  @Test func whatIsNoMemoryStaysSo() throws {
    #expect(try stop(0x1008, 0x20_0000) == [0x1008, nil])
    #expect(try stop(0x1008, 0x20_0000) == [0x1008, nil])
  }

  @Test func spansAndTablesAreWhole() throws {
    _ = try stop(0x1008, 0x2008)
    source.invalidate()
    #expect(try source.load(0x1008) == 0x1008)
    let sum = try source.withTable(0x2000) { table in
      table.count == 512 && table[511] == 0x2ff8 && table[0] == 0x2000
    }
    #expect(sum == true)
    var bytes = [UInt8](repeating: 0, count: 32)
    let isRead = try bytes.withRawBytes { raw throws(SessionError) in
      try source.copy(0x1ff4, count: 24, into: &raw, at: 4)
    }
    #expect(isRead)
    #expect(Array(bytes[8..<16]) == [0xf8, 0x1f, 0, 0, 0, 0, 0, 0])
    #expect(Array(bytes[16..<24]) == [0, 0x20, 0, 0, 0, 0, 0, 0])
    #expect(Array(bytes[0..<4]) == [0, 0, 0, 0] && Array(bytes[24..<28]) == [8, 0x20, 0, 0])
  }
}
