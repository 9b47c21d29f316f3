import X86

/// A few physical frames, to be compared with one another. What does not fit any more is not compared.
struct FrameSet: Sendable {
  private var numbers = InlineArray<32, UInt64>(repeating: 0)
  private(set) var count = 0

  mutating func insert(_ frame: PhysicalFrame) {
    guard count < numbers.count, !contains(frame) else { return }
    numbers[count] = frame.number
    count += 1
  }

  mutating func contains(_ frame: PhysicalFrame) -> Bool {
    for position in 0..<count where numbers[position] == frame.number { return true }
    return false
  }

  /// The frames of every table that `walk` went through.
  mutating func insertTables(of walk: PageWalk) {
    for position in 0..<walk.count { insert(PhysicalFrame(containing: walk[position].entryAddress)) }
  }
}
