import Inspect
import Session
import Testing
import X86

/// What `diff` makes of large pages.
@Suite struct DiffTests {
  /// Two roots with a page directory for each of the first three gigabytes, and the fourth a page of its own: a kernel
  /// that maps its memory with large pages, and one that maps less of it.
  private static func makeLargePages() -> FakeMachine {
    let machine = RunningExample.make()
    for (root, pointers) in [(0x1000, 0x3000), (0x2000, 0x4000)] as [(UInt64, UInt64)] {
      machine.store(pointers | 0x27, at: root)
      for gigabyte in 0..<3 as Range<UInt64> {
        machine.store(root + 0x4000 + gigabyte << 13 | 0x27, at: pointers + gigabyte * 8)
      }
    }
    func left(_ entry: UInt64) -> UInt64 { 0x5000 + (entry >> 9) << 13 + (entry & 511) * 8 }
    func right(_ entry: UInt64) -> UInt64 { left(entry) + 0x1000 }
    // Missing on one side, in one table; the next ones have G, which is another way.
    for entry in 3...17 as ClosedRange<UInt64> { machine.store(0x00e3 | entry << 21, at: left(entry)) }
    for entry in 18...19 as ClosedRange<UInt64> { machine.store(0x01e3 | entry << 21, at: left(entry)) }
    // The same, with a gap; then a table of small pages, which stays apart.
    machine.store(0x00e3 | 21 << 21, at: left(21))
    machine.store(0xb027, at: left(22))
    for page in 0..<512 as Range<UInt64> { machine.store(0x0063 | page << 12, at: 0xb000 + page * 8) }
    machine.store(0x00e3 | 23 << 21, at: left(23))
    // Other rights.
    for entry in 100...163 as ClosedRange<UInt64> {
      machine.store(0x00e3 | entry << 21, at: left(entry))
      machine.store(0x00e1 | entry << 21, at: right(entry))
    }
    // Through the end of a table and the whole of the next.
    for entry in 510...1029 as ClosedRange<UInt64> { machine.store(0x00e3 | entry << 21, at: right(entry)) }
    // Reserved bits in neighbours.
    for entry in 1100...1102 as ClosedRange<UInt64> { machine.store(0x0020_20a3, at: right(entry)) }
    for gigabyte in 3...9 as ClosedRange<UInt64> {
      machine.store(0x00e3 | gigabyte << 30, at: 0x3000 + gigabyte * 8)
      machine.store(0x00e3 | (gigabyte + 1) << 30, at: 0x4000 + gigabyte * 8)
    }
    return machine
  }

  @Test func largePagesThatDifferAlikeAreOne() {
    expectGolden(Transcript.both(["diff 0x1000 0x2000"], Self.makeLargePages), "diff-large-pages")
  }

  /// However the differences are put together, each byte counts once, and each entry.
  @Test func mergingLosesNothing() {
    var comparison = AddressSpaceComparison(
      CR3(rawValue: 0x1000), CR3(rawValue: 0x2000), half: .both, of: Self.makeLargePages())
    var differences: [AddressSpaceDifference] = []
    comparison.run { differences.append($0) }
    let totals = comparison.totals
    #expect(totals.onlyFirst == (15 + 2 + 3) << 21)
    #expect(totals.onlySecond == 520 << 21)
    #expect(totals.otherRights == 64 << 21)
    #expect(totals.otherMemory == 7 << 30)
    #expect(totals.faulty == 3)
    let bytes = differences.filter { $0.kind != .malformed }.reduce(0) { $0 + $1.byteCount }
    #expect(bytes == totals.onlyFirst + totals.onlySecond + totals.otherRights + totals.otherMemory)
    #expect(differences.map(\.partingEntries) == [15, 2, 1, 1, 1, 64, 520, 3, 7])
  }
}
