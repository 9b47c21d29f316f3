import X86

/// The frames that Ring 3 must never see, beside the page tables: what an entry stands on.
struct CriticalFrames: Sendable {
  /// How many runs of frames with one use are kept.
  private static let capacity = 96
  private var firsts = InlineArray<96, UInt64>(repeating: 0)
  private var counts = InlineArray<96, UInt64>(repeating: 0)
  private var uses = InlineArray<96, FrameUse>(repeating: .zeroFrame)
  private var runCount = 0
  /// False when not all of them found room.
  private(set) var isComplete = true

  /// Adds `count` frames from `first` on, to the run before where they belong there.
  mutating func insert(_ first: UInt64, count: UInt64, _ use: FrameUse) {
    if runCount > 0, uses[runCount - 1] == use, firsts[runCount - 1] &+ counts[runCount - 1] == first {
      counts[runCount - 1] = counts[runCount - 1] &+ count
      return
    }
    guard runCount < Self.capacity else {
      isComplete = false
      return
    }
    firsts[runCount] = first
    counts[runCount] = count
    uses[runCount] = use
    runCount += 1
  }

  /// What the first of `count` frames from `first` on that is critical is used for.
  mutating func use(of first: UInt64, count: UInt64) -> FrameUse? {
    for run in 0..<runCount where firsts[run] < first &+ count && first < firsts[run] &+ counts[run] {
      return uses[run]
    }
    return nil
  }
}

extension Auditor {
  /// How many pages of one thing are looked at: 64 MiB of code in pages of 4 KiB.
  private static let spanPageLimit = 16384

  /// The frames of everything that this machine's next entry needs and that the kernel declares.
  func criticalFrames<Memory: PhysicalMemory & ~Copyable>(_ memory: inout Memory) -> CriticalFrames {
    var frames = CriticalFrames()
    if let table = registers.globalTable {
      insert(table.base.rawValue, last: UInt64(table.limit), .globalTable, &frames, &memory)
    }
    if let table = registers.interruptTable {
      insert(table.base.rawValue, last: UInt64(table.limit), .interruptTable, &frames, &memory)
    }
    if let task = loadedTask {
      let last = min(UInt64(task.limit), TaskStateSegment.byteCount - 1)
      insert(task.base, last: last, .taskStateSegment, &frames, &memory)
    }
    if let stack = kernelStackInterval { insert(stack, .kernelStack, &frames, &memory) }
    for slot in 1...7 {
      if let stack = interruptStackInterval(slot) { insert(stack, .interruptStack, &frames, &memory) }
    }
    for position in 0..<options.otherStacks.count {
      if let stack = options.otherStacks[position] { insert(stack, .kernelStack, &frames, &memory) }
    }
    if let block = options.perProcessorBlock { insert(block, last: 63, .perProcessorBlock, &frames, &memory) }
    if let text = options.kernelText, text.high > text.low {
      insert(text.low, last: text.high &- text.low &- 1, .kernelText, &frames, &memory)
    }
    return frames
  }

  private func insert<Memory: PhysicalMemory & ~Copyable>(
    _ stack: StackInterval, _ use: FrameUse, _ frames: inout CriticalFrames, _ memory: inout Memory
  ) {
    guard stack.high > stack.low else { return }
    insert(stack.low, last: stack.high &- stack.low &- 1, use, &frames, &memory)
  }

  private func insert<Memory: PhysicalMemory & ~Copyable>(
    _ base: UInt64, last: UInt64, _ use: FrameUse, _ frames: inout CriticalFrames, _ memory: inout Memory
  ) {
    var address = VirtualAddress(base).pageBase().rawValue
    let end = base &+ last
    for _ in 0..<Self.spanPageLimit {
      let walk = memory.walk(VirtualAddress(address), root: root, mode: mode)
      let covered = max(walk.coveredBytes, PageSize.size4KiB.bytes)
      let next = (address & ~(covered &- 1)) &+ covered
      if let physical = walk.physicalAddress {
        // Of a large page only what belongs to the thing.
        let bytes = min(next &- address, (end | 0xfff) &- address &+ 1)
        frames.insert(
          PhysicalFrame(containing: physical).number, count: max(bytes >> 12, 1), use)
      }
      guard next > address, next <= end else { return }
      address = next
    }
  }
}
