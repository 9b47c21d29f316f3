import X86

/// Channel 0 of the 8254 timer, which raises line 0. Source: Intel 8254 data sheet, "Mode 2: Rate Generator".
public struct IntervalTimer<Ports: PortIO> {
  /// Oscillator ticks per second.
  public static var frequency: UInt32 { 1_193_182 }
  public static var line: UInt8 { 0 }

  private static var channel0: UInt16 { 0x40 }
  private static var command: UInt16 { 0x43 }
  /// Channel 0, low byte then high byte, mode 2, binary.
  private static var rateGenerator: UInt8 { 0x34 }

  private var ports: Ports

  public init(ports: Ports) { self.ports = ports }

  /// Counts down from 65,536 at ``frequency``, without a use for its interrupt: a clock to measure another by.
  public mutating func startCounting() {
    ports.write8(Self.rateGenerator, to: Self.command)
    ports.write8(0, to: Self.channel0)
    ports.write8(0, to: Self.channel0)
  }

  /// What the counter holds now.
  public mutating func count() -> UInt16 {
    ports.write8(0, to: Self.command)
    let low = ports.read8(Self.channel0)
    let high = ports.read8(Self.channel0)
    return UInt16(low) | UInt16(high) << 8
  }

  /// Raises line 0 every `milliseconds`, 1 to 54: the counter has 16 bits.
  public mutating func start(every milliseconds: UInt32) {
    let ticks = UInt16(truncatingIfNeeded: Self.frequency * min(max(milliseconds, 1), 54) / 1000)
    ports.write8(Self.rateGenerator, to: Self.command)
    ports.write8(UInt8(truncatingIfNeeded: ticks), to: Self.channel0)
    ports.write8(UInt8(truncatingIfNeeded: ticks >> 8), to: Self.channel0)
  }
}
