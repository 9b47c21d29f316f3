import X86

/// RT-031 and RT-032: nobody else uses the memory of the kernel stack.
extension Auditor {
  /// RT-031. Compared by address, and by frame: two addresses may be one memory.
  mutating func rsp0Exclusive<Memory: PhysicalMemory & ~Copyable>(
    _ pages: KernelStackPages?, _ memory: inout Memory
  ) -> Verdict {
    guard rsp0 != nil else { return .unknown(.taskStateSegment) }
    guard var pages else { return .unknown(.kernelStack) }
    for position in 0..<options.otherStacks.count {
      guard let other = options.otherStacks[position], other.overlaps(pages.interval) else { continue }
      return .violated(.overlap(pages.interval, .otherStack, other))
    }
    for slot in 1...7 {
      guard let other = interruptStackInterval(slot) else { continue }
      if other.overlaps(pages.interval) {
        return .violated(.overlap(pages.interval, .interruptStack(slot), other))
      }
      if let address = address(in: &pages, sharedWith: other, &memory) {
        let walk = memory.walk(VirtualAddress(address), root: root, mode: mode)
        return .violated(.sharedFrame(walk, .interruptStack))
      }
    }
    return .held
  }

  /// An address on the page of the kernel stack whose frame is also mapped in `other`.
  private func address<Memory: PhysicalMemory & ~Copyable>(
    in pages: inout KernelStackPages, sharedWith other: StackInterval, _ memory: inout Memory
  ) -> UInt64? {
    var address = other.high &- 8
    for _ in 0..<Auditor.stackPageLimit {
      if let frame = frame(at: address, &memory) {
        for position in 0..<pages.count where pages.frame(position) == frame {
          return pages.address(position)
        }
      }
      let page = VirtualAddress(address).pageBase().rawValue
      guard page > other.low, page < other.high else { return nil }
      address = page &- 8
    }
    return nil
  }

  private func frame<Memory: PhysicalMemory & ~Copyable>(
    at address: UInt64, _ memory: inout Memory
  ) -> PhysicalFrame? {
    let walk = memory.walk(VirtualAddress(address), root: root, mode: mode)
    guard let physical = walk.physicalAddress else { return nil }
    return PhysicalFrame(containing: physical)
  }

  /// RT-032.
  mutating func rsp0FramesSane<Memory: PhysicalMemory & ~Copyable>(
    _ pages: KernelStackPages?, _ memory: inout Memory
  ) -> Verdict {
    guard rsp0 != nil else { return .unknown(.taskStateSegment) }
    guard var pages, pages.count > 0 else { return .unknown(.kernelStack) }
    let others = structureFrames(&memory)
    for position in 0..<pages.count {
      guard let use = use(of: pages.frame(position), at: position, &pages, others, &memory) else { continue }
      let walk = memory.walk(VirtualAddress(pages.address(position)), root: root, mode: mode)
      return .violated(.sharedFrame(walk, use))
    }
    return pages.hasHole ? .unknown(.kernelStack) : .held
  }

  private func use<Memory: PhysicalMemory & ~Copyable>(
    of frame: PhysicalFrame, at position: Int, _ pages: inout KernelStackPages, _ others: StructureFrames,
    _ memory: inout Memory
  ) -> FrameUse? {
    if frame.number == 0 { return .zeroFrame }
    if !memory.isMemory(frame.address) { return .outsideMemory }
    if frame == root || pages.tables.contains(frame) { return .pageTable }
    if others.global.contains(frame) { return .globalTable }
    if others.interrupt.contains(frame) { return .interruptTable }
    if others.task.contains(frame) { return .taskStateSegment }
    if others.text.contains(frame) { return .kernelText }
    for earlier in 0..<position where pages.frame(earlier) == frame { return .sameStack }
    return nil
  }

  /// The frames that an entry needs intact. Tables of more than two pages do not exist in long mode, except a
  /// GDT of over 1,024 entries.
  private struct StructureFrames {
    var global = FramePair()
    var interrupt = FramePair()
    var task = FramePair()
    var text = FramePair()
  }

  private struct FramePair {
    var first: PhysicalFrame?
    var last: PhysicalFrame?

    func contains(_ frame: PhysicalFrame) -> Bool { first == frame || last == frame }
  }

  private func structureFrames<Memory: PhysicalMemory & ~Copyable>(
    _ memory: inout Memory
  ) -> StructureFrames {
    var frames = StructureFrames()
    if let table = registers.globalTable {
      frames.global = pair(table.base.rawValue, last: UInt64(table.limit), &memory)
    }
    if let table = registers.interruptTable {
      frames.interrupt = pair(table.base.rawValue, last: UInt64(table.limit), &memory)
    }
    if let task = loadedTask {
      let last = min(UInt64(task.limit), TaskStateSegment.byteCount - 1)
      frames.task = pair(task.base, last: last, &memory)
    }
    if registers.cs.requestedPrivilege == 0 { frames.text = pair(registers.rip, last: 0, &memory) }
    return frames
  }

  private func pair<Memory: PhysicalMemory & ~Copyable>(
    _ base: UInt64, last: UInt64, _ memory: inout Memory
  ) -> FramePair {
    FramePair(first: frame(at: base, &memory), last: frame(at: base &+ last, &memory))
  }
}
