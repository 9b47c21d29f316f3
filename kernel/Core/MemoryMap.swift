import X86

/// A run of physical memory: `start ..< end`, in bytes.
public struct MemoryRange: Equatable, Sendable {
  public var start: UInt64
  public var end: UInt64

  public init(start: UInt64, end: UInt64) {
    self.start = start
    self.end = max(start, end)
  }

  public var byteCount: UInt64 { end - start }
  public var isEmpty: Bool { start == end }

  /// The whole frames inside the range.
  public var wholeFrames: MemoryRange {
    let first = start > UInt64.max - 4095 ? UInt64.max & ~4095 : (start + 4095) & ~4095
    return MemoryRange(start: first, end: max(first, end & ~4095))
  }
}

/// A short list of memory ranges: what is RAM, or what of it is still free.
public struct MemoryMap: Sendable {
  public static let capacity = 32

  public private(set) var count = 0
  private var ranges = InlineArray<32, MemoryRange>(repeating: MemoryRange(start: 0, end: 0))

  public init() {}

  public subscript(position: Int) -> MemoryRange { ranges[position] }

  /// Adds a range. False when the list is full: the range is then not used, which wastes memory and breaks
  /// nothing.
  @discardableResult
  public mutating func append(_ range: MemoryRange) -> Bool {
    guard !range.isEmpty else { return true }
    guard count < Self.capacity else { return false }
    ranges[count] = range
    count += 1
    return true
  }

  /// Takes `hole` out of every range.
  public mutating func remove(_ hole: MemoryRange) {
    var result = MemoryMap()
    for position in 0..<count {
      let range = ranges[position]
      if hole.end <= range.start || hole.start >= range.end || hole.isEmpty {
        result.append(range)
      } else {
        result.append(MemoryRange(start: range.start, end: min(max(range.start, hole.start), range.end)))
        result.append(MemoryRange(start: max(range.start, min(hole.end, range.end)), end: range.end))
      }
    }
    self = result
  }

  /// The first byte after the highest range.
  public var end: UInt64 {
    var end: UInt64 = 0
    for position in 0..<count { end = max(end, ranges[position].end) }
    return end
  }

  /// True when `byteCount` bytes from `address` lie in one range.
  public func contains(_ address: UInt64, byteCount: UInt64) -> Bool {
    for position in 0..<count where address >= ranges[position].start {
      if address < ranges[position].end && byteCount <= ranges[position].end - address { return true }
    }
    return false
  }
}
