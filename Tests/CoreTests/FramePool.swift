import Core
import X86

/// A frame allocator where a test can reach it.
final class FramePool {
  let ram: RAM
  var frames: FrameAllocator<FakeMemory>
  /// Frames that were free at first.
  let initialCount: Int

  /// Nil when the allocator refuses the map.
  init?(_ ranges: [Range<UInt64>]) {
    var map = MemoryMap()
    for range in ranges { map.append(MemoryRange(start: range.lowerBound, end: range.upperBound)) }
    ram = RAM(ranges)
    guard let frames = FrameAllocator(free: map, memory: FakeMemory(ram)) else { return nil }
    initialCount = frames.freeCount
    self.frames = frames
  }

  /// `count` free frames, and one more that holds the bitmap.
  convenience init(frames count: Int = 64) {
    self.init([0x10_0000..<(0x10_0000 + UInt64(count + 1) * 4096)])!
  }

  var freeCount: Int { frames.freeCount }
  func allocate() throws(FrameError) -> PhysicalFrame { try frames.allocate() }
  func allocateZeroed() throws(FrameError) -> PhysicalFrame { try frames.allocateZeroed() }
  func free(_ frame: PhysicalFrame) throws(FrameError) { try frames.free(frame) }

  /// Takes frames until none is left.
  func drain() -> [PhysicalFrame] {
    var taken: [PhysicalFrame] = []
    while let frame = try? frames.allocate() { taken.append(frame) }
    return taken
  }

  /// Takes frames until only `count` are left.
  func drain(leaving count: Int) throws -> [PhysicalFrame] {
    var taken: [PhysicalFrame] = []
    while frames.freeCount > count { taken.append(try frames.allocate()) }
    return taken
  }
}

extension PhysicalFrame {
  init(number: UInt64) { self.init(containing: PhysicalAddress(truncating: number * 4096)) }
}
