import Boot
public import Core
public import X86

/// What is wrong with the second processor on purpose.
public enum ProcessorDefect: Equatable, Sendable {
  case none
  /// Its task register names the first processor's TSS.
  case sameTaskState
  /// Its TSS has the stack of the first process in RSP0.
  case sameStack
  /// It rests with EFER.NXE off.
  case noExecuteDisabled
}

/// The processors beside the one that boots. Each gets a GDT, a TSS, stacks and a block of its own, shares the IDT, takes
/// over the control registers, and rests.
public enum OtherProcessors {
  /// Where they start: below 1 MiB, in RAM that nobody else uses.
  public static let startPage = PhysicalAddress(truncating: 0x8000)

  /// IST1...IST6, the exit stack, and the stack that RSP0 names.
  public static let stackPositions = 1...8
  private static let kernelStackPosition = 8
  private static let slotsPerProcessor = 16

  /// The slot of the processor stack region that has the stack at `position` of processor `number`.
  public static func slot(_ position: Int, of number: Int) -> Int { number * slotsPerProcessor + position }

  private static let tablesBytes: UInt64 = 256
  private static let taskStateOffset: UInt64 = 64
  private static let descriptorCount = 7

  /// Where GDT and TSS of processor `number` are.
  public static func descriptorTable(_ number: Int) -> VirtualAddress {
    VirtualAddress(address_of_processor_tables() + tablesBytes * UInt64(truncatingIfNeeded: number))
  }
  public static func taskState(_ number: Int) -> VirtualAddress { descriptorTable(number) + taskStateOffset }

  /// What RSP0 of processor `number` holds.
  public static func kernelStackTop(_ number: Int) -> VirtualAddress {
    StackRegion.processor.top(of: slot(kernelStackPosition, of: number))
  }

  private static func place(_ address: VirtualAddress, _ offset: UInt64) -> UnsafeMutableRawPointer {
    // SAFETY: callers pass what `descriptorTable` and `taskState` gave them for a number below PROCESSOR_COUNT, with offsets
    // inside the 256 bytes that the assembly reserves for each, or symbols of the assembly's with offsets inside those.
    unsafe UnsafeMutableRawPointer(bitPattern: UInt(address.rawValue + offset)).unsafelyUnwrapped
  }

  private static func store(_ value: UInt64, at address: VirtualAddress, _ offset: UInt64) {
    unsafe place(address, offset).storeBytes(of: value, as: UInt64.self)
  }

  /// Fills the tables of processor `number`, on the first processor, before they become read-only.
  public static func prepare(_ number: Int, _ defect: ProcessorDefect) {
    precondition(number > 0 && number < ProcessorBlock.capacity)
    let table = descriptorTable(number)
    let first = VirtualAddress(address_of_descriptor_table())
    for entry in 0..<UInt64(descriptorCount) {
      store(unsafe place(first, 8 * entry).load(as: UInt64.self), at: table, 8 * entry)
    }
    let task = taskState(number)
    let stack =
      defect == .sameStack ? StackRegion.processes.top(of: 0) : kernelStackTop(number)
    store(stack.rawValue, at: task, TaskStateSegment.offset(ofStackFor: 0))
    for position in 1...DescriptorTables.stackCount {
      store(
        StackRegion.processor.top(of: slot(position, of: number)).rawValue, at: task,
        TaskStateSegment.offset(ofInterruptStack: UInt8(truncatingIfNeeded: position)))
    }
    unsafe place(task, TaskStateSegment.ioMapBaseOffset)
      .storeBytes(of: UInt16(TaskStateSegment.byteCount), as: UInt16.self)
    // Available, whatever the first processor's has become by now.
    let base = defect == .sameTaskState ? address_of_task_state_segment() : task.rawValue
    let available = UInt64(SystemDescriptorType.availableTSS.rawValue) << 40
    store(
      TaskStateSegment.byteCount - 1 | (base & 0xff_ffff) << 16 | available | 1 << 47
        | (base >> 24 & 0xff) << 56, at: table, DescriptorTables.taskState.tableOffset)
    store(base >> 32, at: table, DescriptorTables.taskState.tableOffset + 8)
  }

  // SAFETY: the structure lives as long as the kernel; the first processor fills it before it starts another, which reads
  // it while the first waits.
  private static var startState: UnsafeMutablePointer<processor_start_state> {
    unsafe pointer_to_processor_start_state()
  }

  /// Copies the first instructions to ``startPage``, and writes down what processor `number` takes over from this one.
  public static func arm(_ number: Int, _ defect: ProcessorDefect, memory: inout PhysicalWindow) {
    let start = VirtualAddress(address_of_processor_start())
    for offset in 0..<(address_of_processor_start_end() - start.rawValue) {
      let byte = unsafe place(start, offset).load(as: UInt8.self)
      memory.storeByte(byte, at: startPage + offset)
    }
    var state = processor_start_state()
    state.cr3 = Processor.cr3.rawValue
    state.cr4 = Processor.cr4.rawValue
    state.stack_top = kernelStackTop(number).rawValue
    state.number = UInt64(truncatingIfNeeded: number)
    state.cr0 = Processor.cr0.rawValue
    state.page_attributes = Processor.read(.pageAttributeTable)
    let efer = Processor.efer
    state.efer = (defect == .noExecuteDisabled ? efer.subtracting(.noExecuteEnable) : efer).rawValue
    unsafe startState.pointee = state
  }

  /// Wipes ``startPage``, when all have started.
  public static func disarm(memory: inout PhysicalWindow) {
    memory.zero(PhysicalFrame(containing: startPage))
  }

  /// On processor `number`, with CR0.WP off: loads its own tables, takes over the rest, and says that it is there. It
  /// rests for good then, interrupts off.
  public static func run(_ number: Int) -> Never {
    DescriptorTables.load(ofProcessor: number)
    Processor.write(unsafe startState.pointee.page_attributes, to: .pageAttributeTable)
    Processor.cr0 = CR0(rawValue: unsafe startState.pointee.cr0)
    SystemCallEntry.enable()
    let efer = unsafe startState.pointee.efer
    ProcessorBlock.announce(number)
    processor_rest(efer)
    halt_forever()
    while true {}
  }
}
