import X86

/// Why a frame could not be had or given back.
public enum FrameError: Error, Equatable, Sendable {
  case outOfFrames
  /// Given back twice, or never handed out.
  case notAllocated
}

/// Hands out 4 KiB frames and takes them back. One bit a frame, set while it is free, in memory taken from the
/// map itself; the search starts where the last one ended.
public struct FrameAllocator<Memory: WritablePhysicalMemory & ~Copyable>: ~Copyable {
  public var memory: Memory
  /// Frames that can still be handed out.
  public private(set) var freeCount = 0

  /// What it looks after: a clear bit outside of these ranges is a hole, and not a frame that somebody has.
  private let managed: MemoryMap
  private let bitmap: PhysicalAddress
  private let wordCount: UInt64
  private var hint: UInt64 = 0

  /// Takes over every whole frame of `free`. Nil when no range has room for the bitmap.
  public init?(free: MemoryMap, memory: consuming Memory) {
    let frames = free.end / PhysicalFrame.byteCount
    let words = (frames + 63) / 64
    let bitmapBytes = (words * 8 + 4095) & ~4095
    var usable = free
    var place: UInt64?
    for position in 0..<free.count where place == nil {
      let range = free[position].wholeFrames
      if range.byteCount >= bitmapBytes { place = range.start }
    }
    guard let place, frames > 0 else { return nil }
    usable.remove(MemoryRange(start: place, end: place + bitmapBytes))
    self.memory = memory
    managed = usable
    bitmap = PhysicalAddress(truncating: place)
    wordCount = words
    for word in 0..<words { self.memory.store(0, at: bitmap + word * 8) }
    for position in 0..<usable.count { markFree(usable[position].wholeFrames) }
  }

  /// Two ranges of a map may overlap: a frame that is free already is not counted again.
  private mutating func markFree(_ range: MemoryRange) {
    var frame = range.start / PhysicalFrame.byteCount
    let end = range.end / PhysicalFrame.byteCount
    while frame < end {
      // Whole words at once: a GiB is 4,096 of them.
      let isWholeWord = frame % 64 == 0 && frame + 64 <= end
      let address = bitmap + (frame / 64) * 8
      let old = memory.load(address) ?? 0
      let new = isWholeWord ? UInt64.max : old | 1 << (frame % 64)
      memory.store(new, at: address)
      freeCount += (new & ~old).nonzeroBitCount
      frame += isWholeWord ? 64 : 1
    }
  }

  /// A frame with whatever its last owner left in it: for memory that is written whole before anyone reads it.
  public mutating func allocate() throws(FrameError) -> PhysicalFrame {
    var word = hint
    for _ in 0..<wordCount {
      let address = bitmap + word * 8
      if let bits = memory.load(address), bits != 0 {
        let bit = UInt64(bits.trailingZeroBitCount)
        memory.store(bits & ~(1 << bit), at: address)
        freeCount -= 1
        hint = word
        return PhysicalFrame(
          containing: PhysicalAddress(truncating: (word * 64 + bit) * PhysicalFrame.byteCount))
      }
      word = word + 1 == wordCount ? 0 : word + 1
    }
    throw .outOfFrames
  }

  /// A frame of zeroes: for page tables and for everything that Ring 3 will see.
  public mutating func allocateZeroed() throws(FrameError) -> PhysicalFrame {
    let frame = try allocate()
    memory.zero(frame)
    return frame
  }

  /// Takes `frame` back.
  public mutating func free(_ frame: PhysicalFrame) throws(FrameError) {
    guard managed.contains(frame.address.rawValue, byteCount: PhysicalFrame.byteCount) else {
      throw .notAllocated
    }
    let address = bitmap + (frame.number / 64) * 8
    guard let bits = memory.load(address), bits & 1 << (frame.number % 64) == 0 else { throw .notAllocated }
    memory.store(bits | 1 << (frame.number % 64), at: address)
    freeCount += 1
    hint = min(hint, frame.number / 64)
  }
}
