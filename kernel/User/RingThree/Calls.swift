import UserRuntime

/// The two ways from Ring 3 into the kernel.
public enum Gate: UInt64 {
  /// `int 0x80`
  case interrupt = 0
  /// `syscall`
  case instruction = 1

  /// Any system call, with any arguments.
  public func call(_ number: UInt64, _ first: UInt64 = 0, _ second: UInt64 = 0, _ third: UInt64 = 0) -> Int64
  {
    switch self {
    case .interrupt: system_call(number, first, second, third)
    case .instruction: fast_system_call(number, first, second, third)
    }
  }

  /// A call of `number` with every register full: what it returned, and a bit for each register that came back wrong.
  public func callWithFullRegisters(_ number: UInt64) -> (result: Int64, wrong: UInt64) {
    let wrong =
      switch self {
      case .interrupt: registers_after_interrupt(number)
      case .instruction: registers_after_syscall(number)
      }
    return (result_of_last_call(), wrong)
  }

  /// getpid() with the stack pointer at `stack`.
  public func call(onStack stack: UInt64) -> Int64 { call_on_stack(stack, rawValue) }
}

/// RFLAGS behind a `syscall` that was made with `odd` set in them.
public func flagsBehindSystemCall(with odd: UInt64) -> UInt64 { flags_after_syscall(odd) }

/// The data-segment registers, and the memory that FS and GS lead to.
public enum Segments {
  /// arch_prctl's codes.
  public static let setGS: UInt64 = 0x1001
  public static let setFS: UInt64 = 0x1002
  public static let getFS: UInt64 = 0x1003
  public static let getGS: UInt64 = 0x1004
  public static let baseCall: UInt64 = 158

  /// 64 bits at `offset` from FS's base.
  public static func throughFS(_ offset: UInt64 = 0) -> UInt64 { read_through_fs(offset) }
  /// 64 bits at `offset` from GS's base.
  public static func throughGS(_ offset: UInt64 = 0) -> UInt64 { read_through_gs(offset) }
  /// DS, ES, FS and GS, 16 bits each.
  public static var selectors: UInt64 { segment_registers() }
  /// Loads Ring 3's own data segment into all four.
  public static func loadUserData() { load_data_segments(0x2b) }
}

/// A qword on the heap that has an address.
@safe public struct Place {
  private let pointer: UnsafeMutablePointer<UInt64>

  public init(_ value: UInt64) {
    // SAFETY: eight bytes that are never freed, so the pointer stays good.
    unsafe pointer = .allocate(capacity: 1)
    unsafe pointer.initialize(to: value)
  }

  public var address: UInt64 { UInt64(UInt(bitPattern: unsafe pointer)) }
  // SAFETY: see `init`.
  public var value: UInt64 {
    get { unsafe pointer.pointee }
    nonmutating set { unsafe pointer.pointee = newValue }
  }
}
