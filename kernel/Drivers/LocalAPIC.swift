import X86

/// A processor's own interrupt controller. SDM Vol. 3A, chapter 10.
public struct LocalAPIC<Registers: LocalAPICRegisters> {
  /// The timer's vector, behind those of the 8259A pair.
  public static var timerVector: UInt8 { 0x30 }
  /// What arrives when an interrupt was taken back; it is not acknowledged (10.9).
  public static var spuriousVector: UInt8 { 0xff }

  private enum Register: UInt32 {
    case identifier = 0x20
    case endOfInterrupt = 0xb0
    case spurious = 0xf0
    case commandLow = 0x300
    case commandHigh = 0x310
    case timer = 0x320
    case initialCount = 0x380
    case currentCount = 0x390
    case divider = 0x3e0
  }
  private static var softwareEnable: UInt32 { 1 << 8 }
  private static var masked: UInt32 { 1 << 16 }
  private static var periodic: UInt32 { 1 << 17 }
  private static var divideBy16: UInt32 { 0b0011 }
  private static var levelAssert: UInt32 { 1 << 14 }
  private static var deliveryPending: UInt32 { 1 << 12 }
  private static var initDelivery: UInt32 { 0b101 << 8 }
  private static var startUpDelivery: UInt32 { 0b110 << 8 }
  /// How often the delivery status is asked before an interrupt to another processor is given up.
  private static var patience: Int { 1_000_000 }

  private var registers: Registers

  public init(registers: Registers) { self.registers = registers }

  /// Which processor this one is.
  public mutating func identifier() -> UInt8 { UInt8(truncatingIfNeeded: read(.identifier) >> 24) }

  /// Turns it on, as far as the firmware has not. What the firmware programmed for the lines of the 8259A stays.
  public mutating func enable() {
    write(Self.softwareEnable | UInt32(Self.spuriousVector), to: .spurious)
  }

  public mutating func acknowledge() { write(0, to: .endOfInterrupt) }

  // MARK: the timer

  /// Counts down from the largest number, without an interrupt: to be measured by another clock.
  public mutating func startCounting() {
    write(Self.divideBy16, to: .divider)
    write(Self.masked | UInt32(Self.timerVector), to: .timer)
    write(.max, to: .initialCount)
  }

  /// What is left of the count.
  public mutating func count() -> UInt32 { read(.currentCount) }

  /// Raises ``timerVector`` each time `ticks` have passed.
  public mutating func startTimer(every ticks: UInt32) {
    write(Self.divideBy16, to: .divider)
    write(Self.periodic | UInt32(Self.timerVector), to: .timer)
    write(max(ticks, 1), to: .initialCount)
  }

  // MARK: other processors (SDM Vol. 3A, 8.4.4.1)

  /// Puts processor `target` into the state after its reset.
  public mutating func sendInit(to target: UInt8) { send(Self.initDelivery | Self.levelAssert, to: target) }

  /// Starts processor `target` in real mode at `page`, which begins on a multiple of 4 KiB below 1 MiB.
  public mutating func sendStartUp(to target: UInt8, page: UInt32) {
    send(Self.startUpDelivery | Self.levelAssert | page >> 12 & 0xff, to: target)
  }

  private mutating func send(_ command: UInt32, to target: UInt8) {
    write(UInt32(target) << 24, to: .commandHigh)
    write(command, to: .commandLow)
    var tries = Self.patience
    while tries > 0, read(.commandLow) & Self.deliveryPending != 0 { tries -= 1 }
  }

  private mutating func read(_ register: Register) -> UInt32 { registers.read(register.rawValue) }
  private mutating func write(_ value: UInt32, to register: Register) {
    registers.write(value, to: register.rawValue)
  }
}
