import X86

/// RT-034...RT-037: the rest of the task-state segment.
extension Auditor {
  /// RT-034. The bitmap is what lies between its base and the limit; a set bit closes its port.
  mutating func portBitmapClosed<Memory: PhysicalMemory & ~Copyable>(_ memory: inout Memory) -> Verdict {
    guard let task = loadedTask else { return .unknown(.taskRegister) }
    guard options.portPermissions == .unused else { return .skipped(.declared) }
    let limit = UInt64(task.limit)
    // Without the word there is no bitmap, and no port is open.
    guard limit >= TaskStateSegment.byteCount - 1 else { return .held }
    guard let last = load(task.base &+ 96, &memory) else { return .unknown(.taskStateSegment) }
    let bitmap = last >> 48
    guard bitmap < limit else { return .held }
    var reader = PageReader()
    // A port's check reads two bytes, so the last byte inside the limit opens nothing.
    for offset in 0..<min(limit - bitmap, 0x2000) {
      let address = task.base &+ bitmap &+ offset
      guard let qword = reader.load(address & ~7, self, &memory) else { return .unknown(.taskStateSegment) }
      let byte = UInt8(truncatingIfNeeded: qword >> ((address & 7) * 8))
      guard byte == 0xff else {
        let port = offset * 8 + UInt64((~byte).trailingZeroBitCount)
        return .violated(.value(.ioPort, port))
      }
    }
    return .held
  }

  /// RT-035. Who writes the segment chooses the kernel's stack.
  mutating func taskStateNotUserWritable<Memory: PhysicalMemory & ~Copyable>(_ memory: inout Memory)
    -> Verdict
  {
    guard let task = loadedTask else { return .unknown(.taskRegister) }
    let first = memory.walk(VirtualAddress(task.base), root: root, mode: mode)
    if first.isUserWritable { return .violated(.rights(first)) }
    let end = task.base &+ min(UInt64(task.limit), TaskStateSegment.byteCount - 1)
    let last = memory.walk(VirtualAddress(end), root: root, mode: mode)
    if last.isUserWritable { return .violated(.rights(last)) }
    return first.physicalAddress == nil && last.physicalAddress == nil ? .unknown(.taskStateSegment) : .held
  }

  /// RT-036. A reserved field in use is what a 32-bit TSS looks like.
  mutating func ringsOneAndTwoUnused<Memory: PhysicalMemory & ~Copyable>(_ memory: inout Memory) -> Verdict {
    guard let task = loadedTask else { return .unknown(.taskRegister) }
    guard UInt64(task.limit) >= TaskStateSegment.byteCount - 1 else { return .unknown(.taskStateSegment) }
    for ring in 1...2 {
      let offset = TaskStateSegment.offset(ofStackFor: UInt8(truncatingIfNeeded: ring))
      guard let value = load(task.base &+ offset, &memory) else { return .unknown(.taskStateSegment) }
      guard VirtualAddress(value).isCanonical(mode.depth) else {
        return .violated(.value(ring == 1 ? .ringOneStack : .ringTwoStack, value))
      }
    }
    // The reserved fields: four bytes at 0, eight at 28, ten at 92.
    guard let first = load(task.base, &memory), let second = load(task.base &+ 28, &memory),
      let third = load(task.base &+ 92, &memory), let fourth = load(task.base &+ 96, &memory)
    else { return .unknown(.taskStateSegment) }
    let reserved = first & 0xffff_ffff | second | third | fourth & 0xffff_ffff_ffff
    return reserved == 0 ? .held : .violated(.value(.taskStateReserved, reserved))
  }

  /// RT-037. Two pages are as good as one while both can be read.
  mutating func taskStateOnOnePage<Memory: PhysicalMemory & ~Copyable>(_ memory: inout Memory) -> Verdict {
    guard let task = loadedTask else { return .unknown(.taskRegister) }
    let end = task.base &+ (TaskStateSegment.byteCount - 1)
    guard VirtualAddress(task.base).pageBase() != VirtualAddress(end).pageBase() else { return .held }
    return probe(task.base, count: TaskStateSegment.byteCount, .supervisorRead, &memory).verdict
  }
}

extension PageWalk {
  fileprivate var isUserWritable: Bool { physicalAddress != nil && rights.isUser && rights.isWritable }
}
