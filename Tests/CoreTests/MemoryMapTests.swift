import Core
import Testing
import X86

@Suite struct MemoryMapTests {
  private func map(_ ranges: Range<UInt64>...) -> MemoryMap {
    var map = MemoryMap()
    for range in ranges { map.append(MemoryRange(start: range.lowerBound, end: range.upperBound)) }
    return map
  }

  private func ranges(_ map: MemoryMap) -> [Range<UInt64>] {
    (0..<map.count).map { map[$0].start..<map[$0].end }
  }

  @Test func aRangeThatEndsBeforeItStartsIsEmpty() {
    let range = MemoryRange(start: 10, end: 3)
    #expect(range.isEmpty)
    #expect(range.byteCount == 0)
  }

  @Test func wholeFramesLieInside() {
    #expect(MemoryRange(start: 0x1001, end: 0x3fff).wholeFrames == MemoryRange(start: 0x2000, end: 0x3000))
    #expect(MemoryRange(start: 0x1000, end: 0x3000).wholeFrames == MemoryRange(start: 0x1000, end: 0x3000))
    #expect(MemoryRange(start: 0x1001, end: 0x1fff).wholeFrames.isEmpty)
    #expect(MemoryRange(start: .max - 5, end: .max).wholeFrames.isEmpty)
  }

  @Test func keepsRangesInOrderAndDropsEmptyOnes() {
    var map = map(0x1000..<0x2000)
    let accepted = map.append(MemoryRange(start: 5, end: 5))
    #expect(accepted)
    map.append(MemoryRange(start: 0x5000, end: 0x6000))
    #expect(ranges(map) == [0x1000..<0x2000, 0x5000..<0x6000])
    #expect(map.end == 0x6000)
    #expect(MemoryMap().end == 0)
  }

  @Test func refusesTheRangeBeyondItsCapacity() {
    var map = MemoryMap()
    for number in 0..<UInt64(MemoryMap.capacity) {
      let accepted = map.append(MemoryRange(start: number * 0x1000, end: number * 0x1000 + 1))
      #expect(accepted)
    }
    let accepted = map.append(MemoryRange(start: 0x99_0000, end: 0x99_1000))
    #expect(!accepted)
    #expect(map.count == MemoryMap.capacity)
    #expect(map.end == 0x1f001)
  }

  @Test(
    arguments: [
      (0x2000..<0x3000, [0x1000..<0x2000, 0x3000..<0x5000]),  // the middle
      (0x1000..<0x2000, [0x2000..<0x5000]),  // the start
      (0x0000..<0x2000, [0x2000..<0x5000]),  // across the start
      (0x4000..<0x5000, [0x1000..<0x4000]),  // the end
      (0x4000..<0x9000, [0x1000..<0x4000]),  // across the end
      (0x1000..<0x5000, []),  // all of it
      (0x0000..<0x9000, []),  // more than it
      (0x0000..<0x1000, [0x1000..<0x5000]),  // just below
      (0x5000..<0x6000, [0x1000..<0x5000]),  // just above
      (0x2000..<0x2000, [0x1000..<0x5000]),  // nothing
    ] as [(Range<UInt64>, [Range<UInt64>])])
  func removes(hole: Range<UInt64>, left: [Range<UInt64>]) {
    var map = map(0x1000..<0x5000)
    map.remove(MemoryRange(start: hole.lowerBound, end: hole.upperBound))
    #expect(ranges(map) == left)
  }

  @Test func removesFromEveryRange() {
    var map = map(0x1000..<0x3000, 0x4000..<0x6000, 0x2000..<0x5000)
    map.remove(MemoryRange(start: 0x2000, end: 0x5000))
    #expect(ranges(map) == [0x1000..<0x2000, 0x5000..<0x6000])
  }

  /// A full list cannot hold both halves of a split: memory is wasted, and none is invented.
  @Test func aSplitInAFullListOnlyWastes() {
    var map = MemoryMap()
    for number in 0..<UInt64(MemoryMap.capacity) {
      map.append(MemoryRange(start: number * 0x10000, end: number * 0x10000 + 0x8000))
    }
    map.remove(MemoryRange(start: 0x4000, end: 0x5000))
    #expect(map.count == MemoryMap.capacity)
    #expect(ranges(map).prefix(2) == [0..<0x4000, 0x5000..<0x8000])
    #expect(!map.contains(0x4000, byteCount: 1))
    #expect(!map.contains(31 * 0x10000, byteCount: 1))
  }

  @Test func containsOnlyWhatLiesInOneRange() {
    let map = map(0x1000..<0x2000, 0x2000..<0x3000, 0xffff_ffff_ffff_0000..<UInt64.max)
    #expect(map.contains(0x1000, byteCount: 0x1000))
    #expect(map.contains(0x1fff, byteCount: 1))
    #expect(map.contains(0x1800, byteCount: 0))
    #expect(!map.contains(0x0fff, byteCount: 1))
    #expect(!map.contains(0x3000, byteCount: 0))
    #expect(!map.contains(0x1800, byteCount: 0x1000))
    // The length would wrap around.
    #expect(!map.contains(0x1001, byteCount: .max))
    #expect(!map.contains(0xffff_ffff_ffff_8000, byteCount: 0x1_0000))
  }
}
