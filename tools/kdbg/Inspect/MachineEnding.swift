import DebuggerTable

/// How this project's kernel ended, by the status with which QEMU's isa-debug-exit leaves.
public struct MachineEnding: Equatable, Sendable {
  public let status: Int32

  public init(status: Int32) { self.status = status }

  /// The value that the kernel wrote to the port: QEMU ends with `(value << 1) | 1`.
  private var code: ringside_exit_code? {
    guard status > 0, status & 1 == 1 else { return nil }
    return ringside_exit_code(rawValue: UInt32(status >> 1))
  }

  /// True when the kernel says that everything ran.
  public var isSuccess: Bool { code == RINGSIDE_EXIT_SUCCESS }

  /// What the kernel's status means, nil for one that its header does not name.
  public var meaning: String? {
    switch code {
    case RINGSIDE_EXIT_SUCCESS: "everything ran and the kernel powered off"
    case RINGSIDE_EXIT_BASELINE_FAILED: "the baseline test failed"
    case RINGSIDE_EXIT_AUDIT_FAILED: "the kernel's own audit refused a return to Ring 3"
    case RINGSIDE_EXIT_KERNEL_FAULT: "an exception in Ring 0"
    case RINGSIDE_EXIT_DOUBLE_FAULT: "a double fault"
    case RINGSIDE_EXIT_PANIC: "a kernel invariant did not hold"
    case RINGSIDE_EXIT_COMMAND_LINE: "an unknown key or value on the kernel's command line"
    case RINGSIDE_EXIT_BOOT_FAILED: "something that booting needs is missing"
    case RINGSIDE_EXIT_INIT_FAILED: "the init program ended with a failure"
    case RINGSIDE_EXIT_KILLED: "a debugger on the serial line ended it"
    default: nil
    }
  }
}
