import Boot
public import X86

/// The processor's own port space.
public struct Ports: PortIO, Sendable {
  public init() {}
  public mutating func write8(_ value: UInt8, to port: UInt16) { port_write8(port, value) }
  public mutating func read8(_ port: UInt16) -> UInt8 { port_read8(port) }
}
