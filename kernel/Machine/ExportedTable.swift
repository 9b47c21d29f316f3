import Boot
public import Core
public import DebuggerTable
public import X86

/// The kernel's side of the table that it exports for debuggers.
public enum ExportedTable {
  // SAFETY: the assembly reserves the table's bytes, zeroed and aligned, for as long as the kernel runs; one
  // processor writes it, with interrupts off, and debuggers read it while the machine is stopped.
  private static var table: UnsafeMutablePointer<ringside_debugger_table> {
    unsafe UnsafeMutablePointer(bitPattern: UInt(address_of_ringside_debugger_table())).unsafelyUnwrapped
  }

  /// True when `byteCount` bytes from `address` are RAM. Before the map is recorded nothing is.
  public static func isRAM(_ address: PhysicalAddress, byteCount: UInt64) -> Bool {
    let count = unsafe table.pointee.ram_range_count
    // The debugger's stub asks this: nothing here may trap.
    var position = 0
    while position < Int(truncatingIfNeeded: min(count, UInt64(RINGSIDE_RAM_RANGES))) {
      let range = ramRange(position)
      if address.rawValue >= range.start, address.rawValue < range.end {
        return byteCount <= range.end &- address.rawValue
      }
      position &+= 1
    }
    return false
  }

  public static var ramRangeCount: Int {
    Int(truncatingIfNeeded: unsafe table.pointee.ram_range_count)
  }

  /// A range of RAM, `0 ..< ramRangeCount`.
  public static func ramRange(_ position: Int) -> ringside_range {
    // SAFETY: `position` is below RINGSIDE_RAM_RANGES, and the ranges are an array in C layout.
    unsafe UnsafeRawPointer(table)
      .load(fromByteOffset: 216 &+ 16 &* position, as: ringside_range.self)
  }

  /// Records what is RAM; from here on the physical window works. False when there are more ranges than the
  /// table has room for: the rest is then not used.
  public static func record(ram: MemoryMap) {
    let count = min(ram.count, Int(RINGSIDE_RAM_RANGES))
    for position in 0..<count {
      let range = ringside_range(start: ram[position].start, end: ram[position].end)
      // SAFETY: as in `ramRange`.
      unsafe UnsafeMutableRawPointer(table)
        .storeBytes(of: range, toByteOffset: 216 + 16 * position, as: ringside_range.self)
    }
    unsafe table.pointee.ram_range_count = UInt64(count)
  }

  /// Fills in what never changes and makes the table valid.
  public static func publish(kernel: CR3, exitStack: MemoryRange) {
    unsafe table.pointee.kernel_cr3 = kernel.rawValue
    unsafe table.pointee.current_cr3 = kernel.rawValue
    unsafe table.pointee.kernel_stack_size = StackRegion.processes.stackBytes
    unsafe table.pointee.exit_stack = ringside_range(start: exitStack.start, end: exitStack.end)
    unsafe table.pointee.exit_frame = exitStack.end - InterruptFrame.byteCount
    unsafe table.pointee.kernel_image = ringside_range(
      start: address_of_kernel_image_start(), end: address_of_kernel_image_end())
    unsafe table.pointee.processes = address_of_ringside_processes()
    unsafe table.pointee.process_limit = UInt64(truncatingIfNeeded: ProcessTable.capacity)
    unsafe table.pointee.version = UInt32(RINGSIDE_DEBUGGER_TABLE_VERSION)
    unsafe table.pointee.size = UInt32(MemoryLayout<ringside_debugger_table>.size)
    unsafe table.pointee.magic = UInt64(RINGSIDE_DEBUGGER_TABLE_MAGIC)
  }

  /// Records the stack of IST slot 1...7.
  public static func record(interruptStack slot: Int, _ range: MemoryRange) {
    guard (1...7).contains(slot) else { return }
    // SAFETY: seven ranges follow each other from offset 80.
    unsafe UnsafeMutableRawPointer(table).storeBytes(
      of: ringside_range(start: range.start, end: range.end), toByteOffset: 80 + 16 * (slot - 1),
      as: ringside_range.self)
  }

  /// Records what of a process's table is its own, which vectors are in use, and the ways in and out.
  public static func publish(systemCallVector: UInt8, interrupts: Range<UInt8>) {
    let entry = StackRegion.processes.rootIndex
    setBit(entry, of: .privateRootEntries)
    setBit(Int(systemCallVector), of: .systemCallVectors)
    for vector in interrupts { publish(interruptVector: vector) }
    unsafe table.pointee.kernel_text = ringside_range(
      start: address_of_kernel_image_start(), end: address_of_kernel_text_end())
    unsafe table.pointee.kernel_rodata = ringside_range(
      start: address_of_kernel_text_end(), end: address_of_kernel_rodata_end())
    unsafe table.pointee.syscall_stack = ProcessorBlock.kernelStackAddress(0).rawValue
    unsafe table.pointee.return_instructions = (ReturnPath.instruction, ReturnPath.sysretInstruction)
  }

  /// Where the first of the table's processors lies, and how much each takes: the header asserts it.
  private static let processorsOffset = 672
  private static let processorBytes = 192

  /// Records processor `number`, `0 ..< processor_count` once all are recorded, with its IST and exit stacks in the slots
  /// that `slot` names.
  public static func publish(
    processor number: Int, root: CR3?, stackTop: UInt64, taskState: VirtualAddress,
    descriptorTable: VirtualAddress, slot: (Int) -> Int
  ) {
    guard number >= 0, number < Int(RINGSIDE_PROCESSORS) else { return }
    var processor = ringside_processor()
    processor.block = ProcessorBlock.address(number).rawValue
    processor.number = UInt64(truncatingIfNeeded: number)
    processor.cr3 = root?.rawValue ?? 0
    processor.stack_top = stackTop
    processor.task_state = taskState.rawValue
    processor.descriptor_table = descriptorTable.rawValue
    processor.interrupt_table = address_of_interrupt_table()
    processor.exit_stack = stackRange(slot(DescriptorTables.exitStackSlot))
    processor.interrupt_stacks.0 = stackRange(slot(1))
    processor.interrupt_stacks.1 = stackRange(slot(2))
    processor.interrupt_stacks.2 = stackRange(slot(3))
    processor.interrupt_stacks.3 = stackRange(slot(4))
    processor.interrupt_stacks.4 = stackRange(slot(5))
    processor.interrupt_stacks.5 = stackRange(slot(6))
    // SAFETY: the number was just checked, and the processors are an array in C layout.
    unsafe UnsafeMutableRawPointer(table).storeBytes(
      of: processor, toByteOffset: processorsOffset + processorBytes * number, as: ringside_processor.self)
    unsafe table.pointee.processor_count = max(
      table.pointee.processor_count, UInt64(truncatingIfNeeded: number) + 1)
  }

  private static func stackRange(_ slot: Int) -> ringside_range {
    ringside_range(
      start: StackRegion.processor.bottom(of: slot).rawValue,
      end: StackRegion.processor.top(of: slot).rawValue)
  }

  /// One more vector that an interrupt may come on.
  public static func publish(interruptVector vector: UInt8) {
    setBit(Int(vector), of: .interruptVectors)
  }

  /// The vectors that interrupts come on: bit n of word n / 64.
  public static var interruptVectors: InlineArray<4, UInt64> {
    var words = InlineArray<4, UInt64>(repeating: 0)
    for position in 0..<4 {
      // SAFETY: the map is four qwords in C layout.
      words[position] = unsafe UnsafeRawPointer(table)
        .load(fromByteOffset: Bitmap.interruptVectors.rawValue &+ 8 &* position, as: UInt64.self)
    }
    return words
  }

  /// Where the table's bitmaps lie: the header asserts it.
  private enum Bitmap: Int {
    case privateRootEntries = 472
    case systemCallVectors = 536
    case interruptVectors = 568

    var bitCount: Int { self == .privateRootEntries ? 512 : 256 }
  }

  private static func setBit(_ bit: Int, of map: Bitmap) {
    guard bit >= 0, bit < map.bitCount else { return }
    let place = map.rawValue &+ 8 &* (bit / 64)
    // SAFETY: the word is inside the map, an array of qwords in C layout.
    let raw = unsafe UnsafeMutableRawPointer(table)
    let word = unsafe raw.load(fromByteOffset: place, as: UInt64.self)
    unsafe raw.storeBytes(of: word | 1 << UInt64(bit % 64), toByteOffset: place, as: UInt64.self)
  }

  /// Says who runs from now on; process 0 and stack top 0 for a kernel thread.
  public static func setCurrent(process: UInt64, cr3: CR3, stackTop: UInt64) {
    unsafe table.pointee.current_process = process
    unsafe table.pointee.current_cr3 = cr3.rawValue
    unsafe table.pointee.current_stack_top = stackTop
  }

  /// The bases of FS and GS that the current process must find in Ring 3.
  public static func setBases(_ bases: UserBases) {
    unsafe table.pointee.user_fs_base = bases.fs
    unsafe table.pointee.user_gs_base = bases.gs
  }
  public static var currentBases: UserBases {
    UserBases(fs: unsafe table.pointee.user_fs_base, gs: unsafe table.pointee.user_gs_base)
  }

  /// The protections that this boot leaves off on purpose, for whoever misses them.
  public static var protectionsOff: CR4 {
    get { CR4(rawValue: unsafe table.pointee.protections_off) }
    set { unsafe table.pointee.protections_off = newValue.rawValue }
  }

  /// The root table freed last, which no processor may have loaded; nil for none.
  public static var freedRoot: PhysicalFrame? {
    get {
      let address = unsafe table.pointee.freed_root
      return address == 0 ? nil : PhysicalFrame(containing: PhysicalAddress(truncating: address))
    }
    set { unsafe table.pointee.freed_root = newValue?.address.rawValue ?? 0 }
  }

  /// Requests to other processors to drop translations that are not answered yet: they run no processes, and are sent none.
  public static var pendingShootdowns: UInt64 { unsafe table.pointee.pending_shootdowns }

  /// Records what every processor's CR4 holds from now on.
  public static func publish(cr4: CR4) {
    unsafe table.pointee.expected_cr4 = cr4.rawValue
    // PGE decides what the TLB keeps, and may be turned off and on to empty it.
    unsafe table.pointee.expected_cr4_mask = ~CR4.pageGlobalEnable.rawValue
  }

  /// What CR4 must hold, and in which bits.
  public static var expectedCR4: (value: UInt64, mask: UInt64) {
    (unsafe table.pointee.expected_cr4, unsafe table.pointee.expected_cr4_mask)
  }

  /// The root tables of processes differ from the kernel's own in the slots whose bits are set: bit n of word n / 64.
  public static var privateRootEntries: InlineArray<8, UInt64> {
    var words = InlineArray<8, UInt64>(repeating: 0)
    for position in 0..<8 {
      // SAFETY: the map is eight qwords in C layout.
      words[position] = unsafe UnsafeRawPointer(table)
        .load(fromByteOffset: Bitmap.privateRootEntries.rawValue &+ 8 &* position, as: UInt64.self)
    }
    return words
  }

  public static var currentCR3: CR3 { CR3(rawValue: unsafe table.pointee.current_cr3) }
  public static var kernelCR3: CR3 { CR3(rawValue: unsafe table.pointee.kernel_cr3) }
  public static var currentProcess: UInt64 { unsafe table.pointee.current_process }
  public static var currentStackTop: UInt64 { unsafe table.pointee.current_stack_top }
}
