import Boot
public import Core
public import X86

/// GDT, TSS and IDT: laid out in assembly, filled here.
///
///     0x08 kernel code   0x10 kernel data   0x18 TSS (16 bytes)   0x28 user data   0x30 user code
public enum DescriptorTables {
  public static let kernelCode = SegmentSelector(rawValue: 0x08)
  public static let taskState = SegmentSelector(rawValue: 0x18)
  public static let userData = SegmentSelector(rawValue: 0x2b)
  public static let userCode = SegmentSelector(rawValue: 0x33)

  /// The vector of system calls, open to Ring 3.
  public static let systemCallVector: UInt8 = 0x80

  /// The IST slots, and the exit stack's slot in the processor's stack region.
  public static let doubleFaultStack = 1
  public static let nonMaskableStack = 2
  public static let machineCheckStack = 3
  public static let debugStack = 4
  /// Used only under the fault modifier `pfist`.
  public static let pageFaultStack = 5
  public static let breakpointStack = 6
  public static let stackCount = 6
  public static let exitStackSlot = 7
  /// The slot of the stub's own stack.
  public static let debuggerStackSlot = 8

  /// Where the first processor's GDT and TSS are.
  public static var address: VirtualAddress { VirtualAddress(address_of_descriptor_table()) }
  public static var taskStateAddress: VirtualAddress { VirtualAddress(address_of_task_state_segment()) }

  private static let taskLimit: UInt32 = UInt32(TaskStateSegment.byteCount) - 1

  private static func task(_ offset: UInt64) -> UnsafeMutableRawPointer {
    // SAFETY: the assembly reserves 104 bytes for the segment, for as long as the kernel runs; callers pass
    // offsets of fields.
    unsafe UnsafeMutableRawPointer(bitPattern: UInt(address_of_task_state_segment() + offset))
      .unsafelyUnwrapped
  }

  /// TSS.RSP0, the stack of the next entry from Ring 3.
  public static var rsp0: UInt64 {
    get { unsafe task(TaskStateSegment.offset(ofStackFor: 0)).loadUnaligned(as: UInt64.self) }
    set { unsafe task(TaskStateSegment.offset(ofStackFor: 0)).storeBytes(of: newValue, as: UInt64.self) }
  }

  private static func setInterruptStack(_ slot: Int, _ top: UInt64) {
    let offset = TaskStateSegment.offset(ofInterruptStack: UInt8(truncatingIfNeeded: slot))
    unsafe task(offset).storeBytes(of: top, as: UInt64.self)
  }

  private static func store(_ value: UInt64, at address: UInt64) {
    // SAFETY: callers pass addresses inside the GDT or the IDT, which are writable until the kernel loads its
    // final tables.
    unsafe UnsafeMutablePointer<UInt64>(bitPattern: UInt(address)).unsafelyUnwrapped.pointee = value
  }

  /// Fills all three and loads them. Runs once, before the tables become read-only.
  public static func load(_ provocation: FaultOption) {
    fillTaskState()
    fillInterruptTable(provocation.modifiers)
    load_descriptor_table(
      address_of_descriptor_table(),
      UInt16(address_of_descriptor_table_end() - address_of_descriptor_table() - 1))
    reload_segments(kernelCode.rawValue)
    ProcessorBlock.load(0)
    load_null_local_table()
    // An LTR that was left out cannot be undone later.
    if provocation.fault != .noTaskRegister { load_task_register(taskState.rawValue) }
    load_interrupt_table(address_of_interrupt_table(), 256 * UInt16(GateDescriptor.byteCount) - 1)
  }

  /// The tables of processor `number`, on that processor, which marks its TSS busy: CR0.WP is still off there.
  static func load(ofProcessor number: Int) {
    load_descriptor_table(
      OtherProcessors.descriptorTable(number).rawValue,
      UInt16(address_of_descriptor_table_end() - address_of_descriptor_table() - 1))
    reload_segments(kernelCode.rawValue)
    ProcessorBlock.load(number)
    load_null_local_table()
    load_task_register(taskState.rawValue)
    load_interrupt_table(address_of_interrupt_table(), 256 * UInt16(GateDescriptor.byteCount) - 1)
  }

  private static func fillTaskState() {
    for slot in 1...stackCount {
      setInterruptStack(slot, StackRegion.processor.top(of: slot).rawValue)
    }
    // The bitmap's base past the limit: no port is open to Ring 3.
    unsafe task(TaskStateSegment.ioMapBaseOffset)
      .storeBytes(of: UInt16(TaskStateSegment.byteCount), as: UInt16.self)
    let base = address_of_task_state_segment()
    let descriptor = address_of_descriptor_table() + taskState.tableOffset
    let present: UInt64 = 1 << 47
    let available = UInt64(SystemDescriptorType.availableTSS.rawValue) << 40
    store(
      UInt64(taskLimit) | (base & 0xff_ffff) << 16 | available | present | (base >> 24 & 0xff) << 56,
      at: descriptor)
    store(base >> 32, at: descriptor + 8)
  }

  private static func fillInterruptTable(_ modifiers: FaultModifiers) {
    for vector in 0..<256 {
      let number = UInt8(truncatingIfNeeded: vector)
      let gate = GateDescriptor(
        offset: VirtualAddress(address_of_trap_stubs() + 16 * UInt64(vector)), selector: kernelCode,
        type: .interruptGate, privilege: isOpenToRing3(number) ? 3 : 0,
        interruptStack: interruptStack(of: number, modifiers))
      let address = address_of_interrupt_table() + GateDescriptor.byteCount * UInt64(vector)
      store(gate.low, at: address)
      store(gate.high, at: address + 8)
    }
  }

  /// `int3`, `into` and the system call.
  private static func isOpenToRing3(_ vector: UInt8) -> Bool {
    vector == ExceptionVector.breakpoint.rawValue || vector == ExceptionVector.overflow.rawValue
      || vector == systemCallVector
  }

  private static func interruptStack(of vector: UInt8, _ modifiers: FaultModifiers) -> UInt8 {
    let slot: Int
    switch ExceptionVector(rawValue: vector) {
    case .doubleFault: slot = modifiers.contains(.noDoubleFaultStack) ? 0 : doubleFaultStack
    case .nonMaskableInterrupt: slot = nonMaskableStack
    case .machineCheck: slot = machineCheckStack
    case .debug: slot = debugStack
    case .breakpoint: slot = breakpointStack
    case .pageFault: slot = modifiers.contains(.pageFaultStack) ? pageFaultStack : 0
    default: slot = 0
    }
    return UInt8(truncatingIfNeeded: slot)
  }

  /// What LTR loaded: the descriptor's base and limit, as the GDT still has them. It is read through the physical window,
  /// because the audit asks for it under tables that may lack the GDT.
  static func taskRegister(selector: UInt16) -> SegmentCache {
    var window = PhysicalWindow()
    let place = PhysicalAddress(
      truncating: address_of_descriptor_table() + taskState.tableOffset &- UInt64(KERNEL_OFFSET))
    let descriptor = SegmentDescriptor(rawValue: window.load(place) ?? 0)
    return SegmentCache(
      selector: SegmentSelector(rawValue: selector), base: address_of_task_state_segment(),
      limit: descriptor.limit,
      attributes: SegmentAttributes(rawValue: 0x80 | UInt16(SystemDescriptorType.busyTSS.rawValue)))
  }
}
