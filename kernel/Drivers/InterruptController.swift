import X86

/// The pair of 8259A interrupt controllers. Source: Intel 8259A data sheet, "Programming the 8259A".
public struct InterruptController<Ports: PortIO> {
  /// Request lines 0...15 arrive as these vectors and the fifteen after: past the exceptions, so that a timer tick
  /// cannot look like a double fault.
  public static var firstVector: UInt8 { 0x20 }
  public static var lineCount: UInt8 { 16 }
  public static var vectors: Range<UInt8> { firstVector..<(firstVector + lineCount) }

  private static var primaryCommand: UInt16 { 0x20 }
  private static var primaryData: UInt16 { 0x21 }
  private static var secondaryCommand: UInt16 { 0xa0 }
  private static var secondaryData: UInt16 { 0xa1 }
  /// ICW1: edge triggered, cascade, ICW4 follows.
  private static var initialise: UInt8 { 0x11 }
  /// ICW4: 8086 mode.
  private static var mode8086: UInt8 { 0x01 }
  private static var cascadeLine: UInt8 { 2 }
  private static var endOfInterrupt: UInt8 { 0x20 }
  /// OCW3: the next read of the command port gives the in-service register.
  private static var selectInService: UInt8 { 0x0b }
  /// OCW3: it gives the request register.
  private static var selectRequested: UInt8 { 0x0a }

  private var ports: Ports

  public init(ports: Ports) { self.ports = ports }

  /// Moves both controllers' vectors to `vector` and the fifteen after, and masks every line.
  public mutating func start(at vector: UInt8 = firstVector) {
    ports.write8(Self.initialise, to: Self.primaryCommand)
    ports.write8(Self.initialise, to: Self.secondaryCommand)
    ports.write8(vector, to: Self.primaryData)
    ports.write8(vector + 8, to: Self.secondaryData)
    ports.write8(1 << Self.cascadeLine, to: Self.primaryData)
    ports.write8(Self.cascadeLine, to: Self.secondaryData)
    ports.write8(Self.mode8086, to: Self.primaryData)
    ports.write8(Self.mode8086, to: Self.secondaryData)
    ports.write8(0xff, to: Self.primaryData)
    ports.write8(0xff, to: Self.secondaryData)
  }

  /// Lets request `line` of the primary controller through.
  public mutating func unmask(_ line: UInt8) {
    let mask = ports.read8(Self.primaryData) & ~(1 << (line & 7))
    ports.write8(mask, to: Self.primaryData)
  }

  /// The lines 0...7 that were delivered and not yet acknowledged, a bit each.
  public var inService: UInt8 {
    mutating get { readPrimary(Self.selectInService) }
  }
  /// The lines 0...7 that wait to be delivered, a bit each.
  public var requested: UInt8 {
    mutating get { readPrimary(Self.selectRequested) }
  }

  private mutating func readPrimary(_ register: UInt8) -> UInt8 {
    ports.write8(register, to: Self.primaryCommand)
    return ports.read8(Self.primaryCommand)
  }

  /// True when `line` 7 or 15 was raised by noise: then nothing is in service, and nothing may be acknowledged
  /// (for line 15, nothing but the cascade).
  public mutating func isSpurious(_ line: UInt8) -> Bool {
    guard line & 7 == 7 else { return false }
    let port = line < 8 ? Self.primaryCommand : Self.secondaryCommand
    ports.write8(Self.selectInService, to: port)
    guard ports.read8(port) & 0x80 == 0 else { return false }
    if line >= 8 { ports.write8(Self.endOfInterrupt, to: Self.primaryCommand) }
    return true
  }

  /// Ends `line`, so that it and lower ones can come again.
  public mutating func acknowledge(_ line: UInt8) {
    if line >= 8 { ports.write8(Self.endOfInterrupt, to: Self.secondaryCommand) }
    ports.write8(Self.endOfInterrupt, to: Self.primaryCommand)
  }
}
