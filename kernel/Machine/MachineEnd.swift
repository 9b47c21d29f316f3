import Boot
public import DebuggerTable

/// The ends of the machine.
public enum MachineEnd {
  /// QEMU's isa-debug-exit device: QEMU ends with `(value << 1) | 1`.
  private static let debugExitPort: UInt16 = 0xf4

  /// Ends the machine with `code`. On a machine without the exit device it halts for good.
  public static func exit(_ code: ringside_exit_code) -> Never {
    port_write8(debugExitPort, UInt8(truncatingIfNeeded: code.rawValue))
    halt_forever()
    while true {}
  }
}
