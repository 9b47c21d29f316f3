import X86

/// RT-031 and RT-032: nobody else uses the memory of the kernel stack.
extension Auditor {
  /// RT-031. Compared by address, and by frame: two addresses may be one memory.
  mutating func rsp0Exclusive<Memory: PhysicalMemory & ~Copyable>(
    _ pages: KernelStackPages?, _ memory: inout Memory
  ) -> Verdict {
    guard rsp0 != nil else { return .unknown(.taskStateSegment) }
    guard let pages else { return .unknown(.kernelStack) }
    for position in 0..<options.otherStacks.count {
      guard let other = options.otherStacks[position], other.overlaps(pages.interval) else { continue }
      return .violated(.overlap(pages.interval, .otherStack, other))
    }
    for slot in 1...7 {
      guard let word = interruptStacks[slot - 1], word != 0, isCanonicalStack(word) else { continue }
      let top = InterruptFrame.top(for: word)
      let size = options.interruptStackSize ?? InterruptFrame.byteCountWithErrorCode
      let other = StackInterval(top: top, byteCount: max(size, 48))
      if other.overlaps(pages.interval) {
        return .violated(.overlap(pages.interval, .interruptStack(slot), other))
      }
      if let walk = page(of: pages, sharedWith: other, &memory) {
        return .violated(.sharedFrame(walk, .interruptStack))
      }
    }
    return .held
  }

  /// The page of the kernel stack whose frame is also mapped in `other`.
  private func page<Memory: PhysicalMemory & ~Copyable>(
    of pages: KernelStackPages, sharedWith other: StackInterval, _ memory: inout Memory
  ) -> PageWalk? {
    var address = other.high &- 8
    while true {
      let walk = memory.walk(VirtualAddress(address), root: root, mode: mode)
      if let physical = walk.physicalAddress {
        for position in 0..<pages.count {
          guard let own = pages.walks[position], let mine = own.physicalAddress else { continue }
          if PhysicalFrame(containing: mine) == PhysicalFrame(containing: physical) { return own }
        }
      }
      let page = VirtualAddress(address).pageBase().rawValue
      guard page > other.low, page < other.high else { return nil }
      address = page &- 8
    }
  }

  /// RT-032.
  mutating func rsp0FramesSane<Memory: PhysicalMemory & ~Copyable>(
    _ pages: KernelStackPages?, _ memory: inout Memory
  ) -> Verdict {
    guard rsp0 != nil else { return .unknown(.taskStateSegment) }
    guard let pages, pages.count > 0 else { return .unknown(.kernelStack) }
    let others = structureFrames(&memory)
    var seen = FrameSet()
    for position in 0..<pages.count {
      guard let walk = pages.walks[position], let physical = walk.physicalAddress else { continue }
      let frame = PhysicalFrame(containing: physical)
      if let use = use(of: frame, pages, others, seen, &memory) {
        return .violated(.sharedFrame(walk, use))
      }
      seen.insert(frame)
    }
    return pages.refused == nil ? .held : .unknown(.kernelStack)
  }

  private func use<Memory: PhysicalMemory & ~Copyable>(
    of frame: PhysicalFrame, _ pages: KernelStackPages, _ others: StructureFrames, _ seen: FrameSet,
    _ memory: inout Memory
  ) -> FrameUse? {
    if frame.number == 0 { return .zeroFrame }
    if memory.load(frame.address) == nil { return .outsideMemory }
    if frame == root || pages.tables.contains(frame) { return .pageTable }
    if others.global.contains(frame) { return .globalTable }
    if others.interrupt.contains(frame) { return .interruptTable }
    if others.task.contains(frame) { return .taskStateSegment }
    if others.text.contains(frame) { return .kernelText }
    return seen.contains(frame) ? .sameStack : nil
  }

  /// The frames that an entry needs intact.
  private struct StructureFrames {
    var global = FrameSet()
    var interrupt = FrameSet()
    var task = FrameSet()
    var text = FrameSet()
  }

  private func structureFrames<Memory: PhysicalMemory & ~Copyable>(
    _ memory: inout Memory
  ) -> StructureFrames {
    var frames = StructureFrames()
    if let table = registers.globalTable {
      insertFrames(of: table.base.rawValue, last: UInt64(table.limit), into: &frames.global, &memory)
    }
    if let table = registers.interruptTable {
      insertFrames(of: table.base.rawValue, last: UInt64(table.limit), into: &frames.interrupt, &memory)
    }
    if let task = loadedTask {
      let last = min(UInt64(task.limit), TaskStateSegment.byteCount - 1)
      insertFrames(of: task.base, last: last, into: &frames.task, &memory)
    }
    if registers.cs.requestedPrivilege == 0 {
      insertFrames(of: registers.rip, last: 0, into: &frames.text, &memory)
    }
    return frames
  }

  /// The first and the last page of `base ... base + last`; tables of more than two pages do not exist in
  /// long mode except a GDT of over 1,024 entries.
  private func insertFrames<Memory: PhysicalMemory & ~Copyable>(
    of base: UInt64, last: UInt64, into set: inout FrameSet, _ memory: inout Memory
  ) {
    for number in 0..<2 {
      let address = number == 0 ? base : base &+ last
      let walk = memory.walk(VirtualAddress(address), root: root, mode: mode)
      if let physical = walk.physicalAddress { set.insert(PhysicalFrame(containing: physical)) }
    }
  }
}
