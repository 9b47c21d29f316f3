public import Boot
import DebuggerTable

/// Memory that a cell may use: laid out in assembly, aligned to 64, there for as long as the kernel runs, and used
/// by one type of cell only.
public protocol CellStorage {
  static var start: UInt64 { get }
  static var end: UInt64 { get }
  @unsafe static var flags: UnsafeMutablePointer<cell_flags> { get }
}

/// Where the kernel's state lies.
public enum KernelStorage: CellStorage {
  public static var start: UInt64 { address_of_kernel_state() }
  public static var end: UInt64 { address_of_kernel_state_end() }
  public static var flags: UnsafeMutablePointer<cell_flags> { unsafe pointer_to_kernel_state_flags() }
}

/// Where the debugger's state lies: apart from the kernel's, so that the debugger can look at a kernel that stopped
/// in the middle of a change.
public enum DebuggerStorage: CellStorage {
  public static var start: UInt64 { address_of_debugger_cell() }
  public static var end: UInt64 { address_of_debugger_cell_end() }
  public static var flags: UnsafeMutablePointer<cell_flags> { unsafe pointer_to_debugger_cell_flags() }
}

/// State that is looked after whenever somebody has had it.
public protocol CellState: ~Copyable {
  /// Comes at the end of each use, before anybody else can have the state.
  mutating func finishUse()
}

/// A piece of state in memory of its own.
///
/// Swift's global variables are initialised by code that may spin, and the trap path must not; so state lives in .bss
/// and is reached only through ``withState(_:)``, one user at a time.
public enum KernelCell<State: CellState & ~Copyable, Storage: CellStorage> {
  // SAFETY: `CellStorage` promises the bytes, and only this type touches them. `initialize` checks that State fits.
  private static var storage: UnsafeMutablePointer<State> {
    unsafe UnsafeMutableRawPointer(bitPattern: UInt(Storage.start)).unsafelyUnwrapped
      .assumingMemoryBound(to: State.self)
  }

  // SAFETY: the words live as long as the kernel, and one processor uses them with interrupts off.
  public private(set) static var isInUse: Bool {
    get { unsafe Storage.flags.pointee.in_use != 0 }
    set { unsafe Storage.flags.pointee.in_use = newValue ? 1 : 0 }
  }
  public private(set) static var isInitialized: Bool {
    get { unsafe Storage.flags.pointee.initialized != 0 }
    set { unsafe Storage.flags.pointee.initialized = newValue ? 1 : 0 }
  }

  /// Moves `state` in. Once, at boot.
  public static func initialize(_ state: consuming State) {
    guard UInt64(MemoryLayout<State>.size) <= Storage.end - Storage.start,
      !isInitialized
    else { MachineEnd.exit(RINGSIDE_EXIT_PANIC) }
    unsafe storage.initialize(to: state)
    isInitialized = true
  }

  /// Gives `body` the state. Interrupts are off in all kernel code, so the only way to come here twice is a fault
  /// inside `body`; that is a broken kernel, and the machine ends. A context switch never happens inside.
  public static func withState<Result>(_ body: (inout State) -> Result) -> Result {
    guard isInitialized, !isInUse else { MachineEnd.exit(RINGSIDE_EXIT_PANIC) }
    isInUse = true
    defer {
      unsafe storage.pointee.finishUse()
      isInUse = false
    }
    return unsafe body(&storage.pointee)
  }

  /// Gives `body` the state even while somebody has it: for a debugger that looks at a machine which stands. Whoever
  /// has it goes on later as if nothing had happened, so `body` only looks (`inout`, because looking into a large
  /// array is `mutating`).
  @discardableResult
  public static func inspect<Result>(_ body: (inout State) -> Result) -> Result? {
    guard isInitialized else { return nil }
    return unsafe body(&storage.pointee)
  }
}
