import X86

/// A 16550 UART, polled for output; input may raise an interrupt. Source: PC16550D data sheet, section 8.
public struct SerialPort<Ports: PortIO> {
  public static var com1: UInt16 { 0x3f8 }
  public static var com2: UInt16 { 0x2f8 }
  /// Bytes that an empty transmitter takes at once.
  public static var fifoBytes: Int { 16 }

  private enum Register: UInt16 {
    case data = 0
    case interruptEnable = 1
    case fifoControl = 2
    case lineControl = 3
    case modemControl = 4
    case lineStatus = 5
  }
  private static var dataReady: UInt8 { 1 << 0 }
  private static var transmitterEmpty: UInt8 { 1 << 5 }
  private static var receivedDataInterrupt: UInt8 { 1 << 0 }
  private static var divisorLatch: UInt8 { 1 << 7 }
  private static var eightBitsNoParity: UInt8 { 0x03 }
  /// FIFOs on and emptied, interrupt at 14 bytes.
  private static var fifoOn: UInt8 { 0xc7 }
  /// DTR, RTS, and OUT2, which lets the interrupt out of the chip on a PC.
  private static var modemReady: UInt8 { 0x0b }
  /// How often the status is asked before a byte is given up: a line that never empties must not hang the kernel.
  private static var patience: Int { 1_000_000 }

  private let base: UInt16
  private var ports: Ports

  public init(base: UInt16, ports: Ports) {
    self.base = base
    self.ports = ports
  }

  /// 115,200 baud, 8 bits, no parity.
  public mutating func start() {
    write(0, to: .interruptEnable)
    write(Self.divisorLatch, to: .lineControl)
    write(1, to: .data)
    write(0, to: .interruptEnable)
    write(Self.eightBitsNoParity, to: .lineControl)
    write(Self.fifoOn, to: .fifoControl)
    write(Self.modemReady, to: .modemControl)
  }

  /// From now on a received byte raises the line's interrupt.
  public mutating func enableReceiveInterrupt() { write(Self.receivedDataInterrupt, to: .interruptEnable) }

  public mutating func send(_ byte: UInt8) {
    var tries = Self.patience
    while tries > 0, read(.lineStatus) & Self.transmitterEmpty == 0 { tries -= 1 }
    write(byte, to: .data)
  }

  /// Sends bytes of `bytes` from `position` on, as many as the transmitter takes at once, and says how many: none
  /// while it is not empty.
  public mutating func sendBurst(_ bytes: Span<UInt8>, from position: Int) -> Int {
    guard position >= 0, position < bytes.count, read(.lineStatus) & Self.transmitterEmpty != 0 else {
      return 0
    }
    var next = position
    while next &- position < Self.fifoBytes, next >= 0, next < bytes.count {
      write(bytes[next], to: .data)
      next &+= 1
    }
    return next &- position
  }

  /// The next received byte, nil when there is none.
  public mutating func receive() -> UInt8? {
    read(.lineStatus) & Self.dataReady == 0 ? nil : read(.data)
  }

  private mutating func write(_ value: UInt8, to register: Register) {
    ports.write8(value, to: base &+ register.rawValue)
  }

  private mutating func read(_ register: Register) -> UInt8 { ports.read8(base &+ register.rawValue) }
}
