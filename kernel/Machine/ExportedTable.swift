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

  /// Says who runs from now on; process 0 and stack top 0 for a kernel thread.
  public static func setCurrent(process: UInt64, cr3: CR3, stackTop: UInt64) {
    unsafe table.pointee.current_process = process
    unsafe table.pointee.current_cr3 = cr3.rawValue
    unsafe table.pointee.current_stack_top = stackTop
  }

  public static var kernelCR3: CR3 { CR3(rawValue: unsafe table.pointee.kernel_cr3) }
  public static var currentProcess: UInt64 { unsafe table.pointee.current_process }
  public static var currentStackTop: UInt64 { unsafe table.pointee.current_stack_top }
}
