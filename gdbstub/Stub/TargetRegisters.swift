/// A register's value: up to 128 bits.
public struct RegisterValue: Equatable, Sendable {
  public var low: UInt64
  /// Bits 64 and up, of x87 and SSE registers.
  public var high: UInt64

  public init(_ low: UInt64, high: UInt64 = 0) {
    self.low = low
    self.high = high
  }
}

/// Registers, by name. `Register` says which there are; the stub numbers them and describes them to the client.
public protocol TargetRegisters: ~Copyable {
  /// What is described beyond general registers, segments and their bases.
  static var registerFeatures: RegisterFeatures { get }

  /// Nil where the target does not know the register of that thread: the client shows it as unavailable.
  mutating func read(_ register: Register, of thread: TargetThread) -> RegisterValue?

  mutating func write(
    _ value: RegisterValue, to register: Register, of thread: TargetThread
  ) throws(Refusal)
}
