import Core
import Machine
import X86

/// FI-21...31, 70 and 74: TSS, GDT and IDT, and the pages that they lie on.
extension FaultInjection {
  mutating func injectIntoTables(_ fault: InjectedFault) {
    switch fault {
    case .tssLimit10: setTaskLimit(10)
    case .tssLimit42: setTaskLimit(42)
    case .tssLimit42PTE:
      setTaskLimit(42)
      edit(.pageTable, of: stackTop - 8) { _ in PageTableEntry(rawValue: 0) }
    case .tssUnmapped: unmap(taskState)
    // Done at boot: LTR cannot be taken back.
    case .noTaskRegister: break
    case .nullTaskRegister: FaultHardware.load(task: SegmentSelector(rawValue: 0))
    case .idtUnmapped: unmap(interruptTable)
    case .idtPage2Unmapped: unmap(straddleInterruptTable())
    case .idtLimit:
      FaultHardware.load(
        interruptTable: TableRegister(
          base: interruptTable, limit: UInt16(gateOffset(DescriptorTables.systemCallVector)) - 1))
    case .gdtUnmapped: unmap(globalTable)
    case .gdtKernelCodeNotAccessed: clearAccessed(DescriptorTables.kernelCode)
    case .gdtUserCodeNotAccessed: clearAccessed(DescriptorTables.userCode)
    case .gdtUserStackNotAccessed: clearAccessed(DescriptorTables.userData)
    case .idtUser: openToUser(straddleInterruptTable())
    case .gdtUser: openToUser(globalTable)
    case .tssUser: openToUser(taskState)
    default: openPorts()
    }
  }

  var globalTable: VirtualAddress { registers.globalTable?.base ?? VirtualAddress(0) }
  var interruptTable: VirtualAddress { registers.interruptTable?.base ?? VirtualAddress(0) }
  var taskState: VirtualAddress { VirtualAddress(registers.taskRegister?.base ?? 0) }

  func gateOffset(_ vector: UInt8) -> UInt64 { UInt64(vector) * GateDescriptor.byteCount }

  mutating func setTaskState(_ offset: UInt64, _ value: UInt64) { patch(taskState + offset, value) }

  /// Gives the TSS another limit, below 64 KiB, and loads it again.
  private mutating func setTaskLimit(_ limit: UInt64) {
    let place = globalTable + DescriptorTables.taskState.tableOffset
    // Bits 51:48 of the limit are 0 already; LTR wants a descriptor that is not busy.
    let busy: UInt64 = 2 << 40
    patch(place, load(place) & ~0xffff & ~busy | limit)
    FaultHardware.load(task: DescriptorTables.taskState)
  }

  private mutating func clearAccessed(_ selector: SegmentSelector) {
    let place = globalTable + selector.tableOffset
    patch(place, load(place) & ~(1 << 40))
  }

  /// Copies the IDT to where gate 0x80 begins its second page, and says where that page is. Read-only, as the IDT is.
  private mutating func straddleInterruptTable() -> VirtualAddress {
    let first = FaultHardware.twoPages
    let second = first + PageSize.size4KiB.bytes
    let base = second - gateOffset(DescriptorTables.systemCallVector)
    for offset in stride(from: UInt64(0), to: 256 * GateDescriptor.byteCount, by: 8) {
      patch(base + offset, load(interruptTable + offset))
    }
    makePrivate(first)
    edit(.pageTable, of: first) { $0.without(.writable) }
    makePrivate(second)
    edit(.pageTable, of: second) { $0.without(.writable) }
    FaultHardware.load(
      interruptTable: TableRegister(base: base, limit: 256 * UInt16(GateDescriptor.byteCount) - 1))
    return second
  }

  /// An I/O permission bitmap of zeroes right behind the TSS, for ports 0...0xff, with the byte of ones that ends it.
  /// SDM Vol. 1, 19.5.2.
  private mutating func openPorts() {
    let bitmap = TaskStateSegment.byteCount
    for offset in stride(from: UInt64(0), to: 32, by: 8) { setTaskState(bitmap + offset, 0) }
    setTaskState(bitmap + 32, 0xff)
    setTaskState(TaskStateSegment.ioMapBaseOffset - 6, bitmap << 48)
    setTaskLimit(bitmap + 32)
  }
}
