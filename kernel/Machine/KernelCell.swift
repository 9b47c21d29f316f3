import Boot
import DebuggerTable

/// The kernel's one piece of state, in memory of its own.
///
/// Swift's global variables are initialised by code that may spin, and the trap path must not (facts of Embedded
/// Swift); so the state lives in .bss and is reached only through ``withState(_:)``, one user at a time.
public enum KernelCell<State: ~Copyable> {
  // SAFETY: the assembly reserves the bytes between the two symbols, aligned to 64, for as long as the kernel
  // runs, and only this type touches them. `initialize` checks that State fits.
  private static var storage: UnsafeMutablePointer<State> {
    unsafe UnsafeMutableRawPointer(bitPattern: UInt(address_of_kernel_state())).unsafelyUnwrapped
      .assumingMemoryBound(to: State.self)
  }

  /// Moves `state` in. Once, at boot.
  public static func initialize(_ state: consuming State) {
    guard UInt64(MemoryLayout<State>.size) <= address_of_kernel_state_end() - address_of_kernel_state(),
      !KernelCellUse.isInitialized
    else { MachineEnd.exit(RINGSIDE_EXIT_PANIC) }
    unsafe storage.initialize(to: state)
    KernelCellUse.isInitialized = true
  }

  /// Gives `body` the state. Interrupts are off in all kernel code, so the only way to come here twice is a fault
  /// inside `body`; that is a broken kernel, and the machine ends. A context switch never happens inside.
  public static func withState<Result>(_ body: (inout State) -> Result) -> Result {
    guard KernelCellUse.isInitialized, !KernelCellUse.isInUse else { MachineEnd.exit(RINGSIDE_EXIT_PANIC) }
    KernelCellUse.isInUse = true
    defer { KernelCellUse.isInUse = false }
    return unsafe body(&storage.pointee)
  }
}

/// Who has the state. Two plain words in assembly, for the same reason.
private enum KernelCellUse {
  // SAFETY: the words live as long as the kernel, and one processor uses them with interrupts off.
  private static var flags: UnsafeMutablePointer<kernel_state_flags> {
    unsafe pointer_to_kernel_state_flags()
  }
  static var isInUse: Bool {
    get { unsafe flags.pointee.in_use != 0 }
    set { unsafe flags.pointee.in_use = newValue ? 1 : 0 }
  }
  static var isInitialized: Bool {
    get { unsafe flags.pointee.initialized != 0 }
    set { unsafe flags.pointee.initialized = newValue ? 1 : 0 }
  }
}
