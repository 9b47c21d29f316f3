import Core
import Testing
import X86

@Suite struct FrameAllocatorTests {
  /// Two pieces of RAM with ragged edges and a hole between them.
  static let ragged: [Range<UInt64>] = [0x10_0800..<0x10_9801, 0x20_0000..<0x24_3000]
  /// Their whole frames.
  static let raggedFrames: Set<UInt64> = Set(0x101..<0x109).union(0x200..<0x243)

  private func numbers(_ frames: [PhysicalFrame]) -> Set<UInt64> { Set(frames.map(\.number)) }

  @Test func handsOutEveryWholeFrameOnce() throws {
    let pool = try #require(FramePool(Self.ragged))
    // All but the one that holds the bitmap.
    #expect(pool.initialCount == Self.raggedFrames.count - 1)
    let taken = pool.drain()
    #expect(taken.count == pool.initialCount)
    #expect(numbers(taken).count == taken.count)
    #expect(numbers(taken).isSubset(of: Self.raggedFrames))
    #expect(pool.freeCount == 0)
    #expect(throws: FrameError.outOfFrames) { try pool.allocate() }
    #expect(throws: FrameError.outOfFrames) { try pool.allocateZeroed() }
  }

  /// Whoever gets frames may write all of them: were the bitmap among them, the books would be wrong afterwards.
  @Test func neverHandsOutItsOwnBitmap() throws {
    let pool = try #require(FramePool(Self.ragged))
    let taken = pool.drain()
    for filling in [UInt64.max, 0] {
      for frame in taken { pool.ram[frame] = Array(repeating: filling, count: 512) }
      #expect(throws: FrameError.outOfFrames) { try pool.allocate() }
    }
    for frame in taken { try pool.free(frame) }
    for frame in taken { pool.ram[frame] = Array(repeating: .max, count: 512) }
    #expect(numbers(pool.drain()) == numbers(taken))
  }

  /// A map of 4 GiB needs 128 KiB of bitmap, which does not fit where the first range begins.
  @Test func takesTheBitmapFromTheFirstRangeWithRoom() throws {
    let pool = try #require(FramePool([0x1000..<0x3000, 0x10_0000..<0x20_0000, 0xffff_0000..<0x1_0000_0000]))
    #expect(pool.initialCount == 2 + 256 + 16 - 32)
    #expect(numbers(pool.drain()).isSuperset(of: [1, 2]))
    #expect(pool.ram.strayStores == 0)
  }

  @Test func refusesAMapWithoutRoom() {
    #expect(FramePool([]) == nil)
    #expect(FramePool([0x1001..<0x1fff]) == nil)
    // One frame near 4 GiB: it cannot hold a bitmap of 128 KiB.
    #expect(FramePool([0xffff_f000..<0x1_0000_0000]) == nil)
  }

  @Test func oneFrameIsEnoughForTheBitmapAndForNothingElse() throws {
    let pool = try #require(FramePool([0x1000..<0x2000]))
    #expect(pool.initialCount == 0)
    #expect(throws: FrameError.outOfFrames) { try pool.allocate() }
  }

  @Test func zeroesOnRequest() throws {
    let pool = FramePool()
    let first = try pool.allocateZeroed()
    #expect(pool.ram[first] == Array(repeating: 0, count: 512))
    // Again when the frame comes back dirty.
    pool.ram[first] = Array(repeating: 7, count: 512)
    try pool.free(first)
    let all = try (0..<64).map { _ in try pool.allocateZeroed() }
    #expect(all.contains(first))
    #expect(all.allSatisfy { pool.ram[$0] == Array(repeating: 0, count: 512) })
  }

  @Test func countsAndUsesAgain() throws {
    let pool = FramePool(frames: 3)
    let taken = pool.drain()
    #expect(taken.count == 3)
    try pool.free(taken[1])
    #expect(pool.freeCount == 1)
    #expect(try pool.allocate() == taken[1])
    #expect(pool.freeCount == 0)
  }

  @Test func findsAFrameBehindTheHint() throws {
    // Three words of bitmap: the search stands in the last one when a frame of the first comes back.
    let pool = FramePool(frames: 190)
    let taken = pool.drain()
    try pool.free(taken[0])
    try pool.free(taken[189])
    let again = [try pool.allocate(), try pool.allocate()]
    #expect(numbers(again) == numbers([taken[0], taken[189]]))
    #expect(throws: FrameError.outOfFrames) { try pool.allocate() }
  }

  @Test func refusesADoubleFree() throws {
    let pool = FramePool()
    let frame = try pool.allocate()
    try pool.free(frame)
    let count = pool.freeCount
    #expect(throws: FrameError.notAllocated) { try pool.free(frame) }
    #expect(pool.freeCount == count)
  }

  @Test func refusesWhatIsFree() {
    let pool = FramePool()
    #expect(throws: FrameError.notAllocated) { try pool.free(PhysicalFrame(number: 0x120)) }
    #expect(pool.freeCount == pool.initialCount)
  }

  /// Frames that were never anyone's: below the RAM, in its hole, cut by its edge, above it, the bitmap's own.
  @Test(arguments: [0, 0x100, 0x109, 0x1ff, 0x243, 0x27f, 0x280, 0xff_ffff_ffff] as [UInt64])
  func refusesWhatItNeverHandedOut(number: UInt64) throws {
    let pool = try #require(FramePool(Self.ragged))
    _ = pool.drain()
    #expect(throws: FrameError.notAllocated) { try pool.free(PhysicalFrame(number: number)) }
    #expect(pool.freeCount == 0)
    #expect(throws: FrameError.outOfFrames) { try pool.allocate() }
  }

  @Test func refusesTheBitmapsFrame() throws {
    let pool = try #require(FramePool(Self.ragged))
    let bitmap = Self.raggedFrames.subtracting(numbers(pool.drain()))
    #expect(bitmap.count == 1)
    for number in bitmap {
      #expect(throws: FrameError.notAllocated) { try pool.free(PhysicalFrame(number: number)) }
    }
    #expect(pool.freeCount == 0)
  }

  /// Firmware may describe the same memory twice.
  @Test func countsMemoryThatIsListedTwiceOnce() throws {
    let pool = try #require(FramePool([0x10_0000..<0x18_0000, 0x14_0000..<0x1a_0000]))
    #expect(pool.initialCount == 0xa0 - 1)
    #expect(pool.drain().count == 0xa0 - 1)
  }

  /// Against a set of what is out: 20,000 steps, wrong frees among them.
  @Test(arguments: 1...4 as ClosedRange<UInt64>)
  func agreesWithAModel(seed: UInt64) throws {
    var random = RepeatableGenerator(seed: seed)
    let pool = try #require(FramePool(Self.ragged + [0x60_0000..<0x60_5000]))
    let all = numbers(pool.drain())
    for number in all { try pool.free(PhysicalFrame(number: number)) }
    var out: Set<UInt64> = []
    for _ in 0..<20_000 {
      // Long runs of either kind, so that both ends are met.
      switch UInt64.random(in: 0..<100, using: &random) {
      case 0..<45:
        do {
          let frame = try pool.allocate()
          #expect(all.contains(frame.number))
          #expect(out.insert(frame.number).inserted)
        } catch {
          #expect(out.count == all.count)
        }
      case 45..<89:
        guard let number = out.randomElement(using: &random) else { continue }
        try pool.free(PhysicalFrame(number: number))
        out.remove(number)
      case 89..<90:
        while let frame = try? pool.allocate() { out.insert(frame.number) }
        #expect(out == all)
      default:
        let number = UInt64.random(in: 0..<0x700, using: &random)
        guard !out.contains(number) else { continue }
        #expect(throws: FrameError.notAllocated) { try pool.free(PhysicalFrame(number: number)) }
      }
      try #require(pool.freeCount == all.count - out.count)
    }
    #expect(pool.ram.strayStores == 0)
  }
}
