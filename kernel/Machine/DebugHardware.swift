import Boot
public import X86

/// The debugger's breakpoints as the machine sees them: see Boot/include/debug_state.h. Everything here only changes
/// what is put in when the kernel runs on; while the debugger looks, nothing is in.
public enum DebugHardware {
  // SAFETY: the structure lives as long as the kernel; one processor uses it, interrupts off.
  private static var state: UnsafeMutablePointer<debug_state> { unsafe pointer_to_debug_state() }

  public static let breakpointCount = Int(DEBUG_BREAKPOINTS)
  public static let watchCount = Int(DEBUG_WATCHES)

  private static func breakpoint(_ slot: Int) -> UnsafeMutablePointer<debug_breakpoint>? {
    guard slot >= 0, slot < breakpointCount else { return nil }
    // SAFETY: the table is the first member, and the slot was just checked.
    return unsafe UnsafeMutableRawPointer(state).assumingMemoryBound(to: debug_breakpoint.self) + slot
  }

  private static func watch(_ slot: Int) -> UnsafeMutablePointer<UInt64>? {
    guard slot >= 0, slot < watchCount else { return nil }
    let offset = breakpointCount * MemoryLayout<debug_breakpoint>.stride
    // SAFETY: four qwords follow the table, and the slot was just checked.
    return unsafe (UnsafeMutableRawPointer(state) + offset).assumingMemoryBound(to: UInt64.self) + slot
  }

  /// Address and physical place of the breakpoint in `slot`; nil when the slot is free.
  public static func address(ofBreakpoint slot: Int) -> UInt64? {
    guard let place = unsafe breakpoint(slot), unsafe place.pointee.address != 0 else { return nil }
    return unsafe place.pointee.address
  }

  /// Puts `int3` at `byte` from now on. `entry` is the window's page-table entry where the window is read-only, `root`
  /// the table that the address is meant under where that matters.
  public static func setBreakpoint(
    _ slot: Int, address: UInt64, byte: PhysicalAddress, readOnlyEntry entry: PhysicalAddress?,
    root: PhysicalFrame?
  ) {
    guard let place = unsafe breakpoint(slot) else { return }
    var new = debug_breakpoint()
    new.address = address
    new.byte = PhysicalWindow.virtual(byte).rawValue
    new.entry = entry.map { PhysicalWindow.virtual($0).rawValue } ?? 0
    new.root = root?.address.rawValue ?? 0
    unsafe place.pointee = new
  }

  /// The breakpoint in `slot` if it is meant under `root` alone: its address, and what its byte is without it while it
  /// is in.
  public static func breakpoint(
    _ slot: Int, under root: PhysicalFrame
  ) -> (address: UInt64, original: UInt8?)? {
    guard let place = unsafe breakpoint(slot), unsafe place.pointee.address != 0,
      unsafe place.pointee.root == root.address.rawValue
    else { return nil }
    return unsafe (place.pointee.address, place.pointee.is_armed != 0 ? place.pointee.original : nil)
  }

  public static func clearBreakpoint(_ slot: Int) {
    guard let place = unsafe breakpoint(slot) else { return }
    unsafe place.pointee = debug_breakpoint()
  }

  /// Leaves the breakpoint in `slot` out, or puts it in again, when the kernel runs on.
  public static func suspendBreakpoint(_ slot: Int, _ isSuspended: Bool) {
    guard let place = unsafe breakpoint(slot) else { return }
    unsafe place.pointee.is_suspended = isSuspended ? 1 : 0
  }

  /// DR0...DR3.
  public static func address(ofWatch slot: Int) -> UInt64 {
    guard let place = unsafe watch(slot) else { return 0 }
    return unsafe place.pointee
  }

  public static func setWatch(_ slot: Int, address: UInt64) {
    guard let place = unsafe watch(slot) else { return }
    unsafe place.pointee = address
  }

  /// DR7 as it is while the kernel runs.
  public static var control: UInt64 {
    get { unsafe state.pointee.control }
    set { unsafe state.pointee.control = newValue }
  }

  /// DR6 as the last debug exception left it.
  public static var status: UInt64 { unsafe state.pointee.status }

  /// Takes everything out, for a part of the kernel that looks at it; nests.
  public static func disarm() { debug_disarm() }
  /// The counterpart.
  public static func arm() { debug_arm() }

  /// True while everything is out; twice, while that is asked by somebody who was told to take it out once more.
  public static var isDisarmed: Bool { unsafe state.pointee.depth > 0 }
  public static var isDisarmedTwice: Bool { unsafe state.pointee.depth > 1 }

  /// Notes that the machine shall stand as soon as it may: from code that cannot stop it where it is.
  public static func callAttention() { unsafe state.pointee.attention = 1 }
  /// True once after each call.
  public static func takeAttention() -> Bool {
    defer { unsafe state.pointee.attention = 0 }
    return unsafe state.pointee.attention != 0
  }

  /// Stops in the debugger, as a breakpoint of the kernel's own.
  public static func trap() { debug_trap() }

  /// The top of the stack on which the stub runs, whatever stack it was entered on. Before the first client is served.
  public static func setStack(top: VirtualAddress) { set_debug_stack_top(top.rawValue) }

  /// Serves the debugger's client until it lets the machine go on.
  public static func serve() {
    unsafe state.pointee.recoveries = 0
    debug_serve()
  }
  /// True while it is served.
  public static var isServing: Bool { get_debug_recovery_stack() != 0 }
  /// Where the frame of a fault in the stub continues: the stub's own frames are left behind. Nil while nobody is
  /// served, and after a second fault of one stop, for then the stub does not get on.
  public static func recover() -> (instruction: UInt64, stack: UInt64)? {
    guard isServing, unsafe state.pointee.recoveries < 1 else { return nil }
    unsafe state.pointee.recoveries += 1
    return (address_of_debug_recover(), get_debug_stack_top())
  }

  /// The entry stubs, the way out and the switch of stacks and tables: no breakpoint may stand there.
  public static func isEntryText(_ address: UInt64) -> Bool {
    address >= address_of_entry_text_start() && address < address_of_entry_text_end()
  }

  /// Where RIP is after ``trap()``'s instruction.
  public static func isOwnTrap(rip: UInt64) -> Bool {
    let start = address_of_debug_trap()
    return rip > start && rip <= start + 2
  }
}
