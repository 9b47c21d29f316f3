import X86

/// The task-state segment that TR names, with the state of every stack in the tables of one CR3.
public struct TaskStateView: Sendable {
  /// The root table that the segment and its stacks are looked at under.
  public let cr3: CR3
  /// The same where it was asked for; nil for the loaded one.
  public let root: CR3?
  public let mode: PagingMode
  public let register: SegmentCache
  public let ioMapBase: UInt16
  /// RSP0...RSP2, then IST1...IST7.
  public let stacks: [StackTop]

  /// True when the I/O permission bitmap lies outside the segment, so that Ring 3 has no port.
  /// SDM Vol. 1, 19.5.2.
  public var deniesAllPorts: Bool { UInt32(ioMapBase) >= register.limit }

  /// The walk for the first byte of the I/O permission bitmap that is not mapped; nil where all are, and where there is
  /// none. Up to the limit, the processor reads it at accesses of Ring 3 to ports.
  public let unmappedIOMap: PageWalk?

  /// Reads the segment of `machine` under `given`, or under the loaded root table.
  public init(of machine: inout some Debuggee, under given: CR3? = nil) throws(InspectionError) {
    let registers = machine.registers
    guard let register = registers.taskRegister else { throw .unknownRegister(.taskRegister) }
    guard !register.selector.isNull else { throw .taskRegisterNotLoaded }
    guard registers.isLongMode else {
      throw .otherLayout(
        .taskRegister, VirtualAddress(register.base),
        registers.cr0.contains(.protectionEnable) ? .protected : .real)
    }
    let cr3 = given ?? registers.cr3
    let root = cr3.root
    let mode = registers.pagingMode
    guard
      let segment = TaskStateSegment.read(
        at: VirtualAddress(register.base), root: root, mode: mode, memory: &machine)
    else { throw .unmapped(VirtualAddress(register.base), cr3) }

    var stacks: [StackTop] = []
    for ring in 0...2 {
      stacks.append(
        StackTop(.ring(ring), pointer: segment.stackPointer(ring: ring), root: root, in: &machine))
    }
    for slot in 1...7 {
      stacks.append(
        StackTop(.interruptStack(slot), pointer: segment.interruptStack(slot), root: root, in: &machine))
    }
    self.cr3 = cr3
    self.root = given
    self.mode = mode
    self.register = register
    self.ioMapBase = segment.ioMapBase
    self.stacks = stacks
    unmappedIOMap = Self.unmapped(
      UInt64(segment.ioMapBase)...max(UInt64(segment.ioMapBase), UInt64(register.limit)),
      of: VirtualAddress(register.base), isThere: UInt32(segment.ioMapBase) < register.limit, root, &machine)
  }

  private static func unmapped(
    _ offsets: ClosedRange<UInt64>, of base: VirtualAddress, isThere: Bool, _ root: PhysicalFrame,
    _ machine: inout some Debuggee
  ) -> PageWalk? {
    guard isThere else { return nil }
    let mode = machine.registers.pagingMode
    var offset = offsets.lowerBound
    while offset <= offsets.upperBound {
      let walk = machine.walk(base + offset, root: root, mode: mode)
      if walk.physicalAddress == nil { return walk }
      offset += PageSize.size4KiB.bytes - (base + offset).offset(in: .size4KiB)
    }
    return nil
  }
}
