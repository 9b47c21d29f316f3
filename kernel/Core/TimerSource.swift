/// Whose timer takes the processor from a process: the boot option `timer=`.
public enum TimerSource: UInt8, Equatable, Sendable {
  /// The 8254, over the 8259A pair.
  case intervalTimer
  /// The local APIC's own.
  case localAPIC
}
