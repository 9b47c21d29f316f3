public import Boot
public import Core
import DebuggerTable
public import X86

/// What the injection of faults does to the processor itself. Everything here breaks a rule of the kernel's on purpose,
/// so nothing else calls it.
public enum FaultHardware {
  /// Gate 0x80's handler when it is to stand on a page of its own.
  public static var isolatedHandler: VirtualAddress { VirtualAddress(address_of_fault_handler()) }
  /// Two pages of the kernel's data, for an IDT that straddles them.
  public static var twoPages: VirtualAddress { VirtualAddress(address_of_fault_pages()) }
  /// The first page of the kernel's constants.
  public static var constants: VirtualAddress { VirtualAddress(address_of_kernel_text_end()) }

  public static func load(interruptTable: TableRegister) {
    load_interrupt_table(interruptTable.base.rawValue, interruptTable.limit)
  }
  public static func load(globalTable: TableRegister) {
    load_descriptor_table(globalTable.base.rawValue, globalTable.limit)
  }
  /// LTR marks the descriptor busy, in a GDT that is read-only: write protection is off for that long.
  public static func load(task selector: SegmentSelector) {
    let protection = Processor.cr0
    Processor.cr0 = protection.subtracting(.writeProtect)
    load_task_register(selector.rawValue)
    Processor.cr0 = protection
  }

  /// CR8, 0...15.
  public static func setTaskPriority(_ priority: UInt64) { write_cr8(priority) }
  /// DR0 and DR7: an instruction breakpoint.
  public static func setBreakpoint(_ address: VirtualAddress) { fault_set_breakpoint(address.rawValue) }

  /// Reads a byte and writes it back, so that the TLB has its page, writable and dirty.
  public static func touch(_ address: VirtualAddress) { fault_touch(address.rawValue) }
  /// Uses the stack until there is none left.
  public static func useUpStack() { fault_recurse() }
  /// Uses two pages of the stack.
  public static func useStack() { fault_use_stack() }

  /// Leaves for Ring 3 by an exit that is not the usual one.
  ///
  /// - Parameter frame: what `kernel_before_return` was given.
  public static func leave(frame: UInt, by exit: fault_exit) -> Never {
    var exit = exit
    // SAFETY: the caller passes the frame that the exit path built; nothing is expected of what lies at the stack
    // pointer, that is the fault.
    unsafe fault_return(UnsafePointer(bitPattern: frame), &exit)
    MachineEnd.exit(RINGSIDE_EXIT_PANIC)
  }
}

/// How far an injected fault has come.
public enum FaultPhase: Sendable {
  /// Nothing was injected.
  case none
  /// It was, and nobody has entered the kernel since.
  case injected
  case entered

  // SAFETY: the structure lives as long as the kernel; one processor uses it, interrupts off.
  private static var state: UnsafeMutablePointer<fault_state> { unsafe pointer_to_fault_state() }

  public static var current: FaultPhase {
    switch unsafe state.pointee.phase {
    case 0: .none
    case 1: .injected
    default: .entered
    }
  }

  /// What the entries have to do.
  public static var fault: InjectedFault? {
    let number = unsafe state.pointee.fault
    return number == 0 ? nil : InjectedFault(rawValue: UInt8(truncatingIfNeeded: number &- 1))
  }

  /// From here on the next entry is the one that counts.
  public static func begin(_ fault: InjectedFault?) {
    unsafe state.pointee.fault = fault.map { UInt32($0.rawValue) + 1 } ?? 0
    unsafe state.pointee.phase = 1
  }

  public static func enter() { unsafe state.pointee.phase = 2 }
}
