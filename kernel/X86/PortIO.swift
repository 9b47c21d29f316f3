/// The I/O port space: `in` and `out`. SDM Vol. 1, chapter 19. Drivers are written against it, so that a test can
/// put a model of the device behind it.
public protocol PortIO {
  mutating func write8(_ value: UInt8, to port: UInt16)
  mutating func read8(_ port: UInt16) -> UInt8
}
