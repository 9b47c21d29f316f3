/// What an agent expression sees of the machine: it reads, counts and prints, and changes nothing else.
public protocol AgentEnvironment: ~Copyable {
  /// A register by the number that the target description gives it, without sign extension; nil where there is none
  /// or where it has more than 64 bits.
  mutating func register(_ number: UInt16) -> UInt64?

  /// Memory at `address`, aligned or not, without sign extension; nil where it cannot be read.
  mutating func read(_ address: UInt64, width: AccessWidth) -> UInt64?

  /// Takes one byte that `printf` prints.
  mutating func write(_ byte: UInt8)

  /// A state variable (a client's `tvariable`), or nil where there is none. ``AgentVariables`` holds some.
  mutating func variable(_ number: UInt16) -> UInt64?

  /// False where there is no such variable.
  mutating func setVariable(_ number: UInt16, to value: UInt64) -> Bool
}

extension AgentEnvironment where Self: ~Copyable {
  public mutating func variable(_ number: UInt16) -> UInt64? { nil }
  public mutating func setVariable(_ number: UInt16, to value: UInt64) -> Bool { false }
}
