/// State variables that live as long as a client is attached: a condition can count with them. GDB manual, 13.1.3,
/// "Trace State Variables". All begin with 0.
public struct AgentVariables: Sendable {
  /// ``AgentLimits/variables`` of them.
  private var values: InlineArray<32, UInt64>

  public init() { values = InlineArray(repeating: 0) }

  /// Nil when the number is not below ``AgentLimits/variables``.
  public mutating func value(_ number: UInt16) -> UInt64? {
    let place = Int(number)
    guard place < AgentLimits.variables else { return nil }
    return values[place]
  }

  /// False when the number is not below ``AgentLimits/variables``.
  public mutating func set(_ number: UInt16, to value: UInt64) -> Bool {
    let place = Int(number)
    guard place < AgentLimits.variables else { return false }
    values[place] = value
    return true
  }
}
