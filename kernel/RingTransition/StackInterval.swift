/// The addresses of one stack: `low ..< high`, in bytes; `high` is where the stack pointer starts.
public struct StackInterval: Equatable, Sendable {
  public let low: UInt64
  public let high: UInt64

  public init(low: UInt64, high: UInt64) {
    self.low = low
    self.high = high
  }

  /// The stack of `byteCount` bytes under `top`.
  public init(top: UInt64, byteCount: UInt64) { self.init(low: top &- byteCount, high: top) }

  /// True when a stack pointer with this value stands on the stack: its push lands inside.
  public func holds(stackPointer: UInt64) -> Bool { stackPointer > low && stackPointer <= high }

  public func overlaps(_ other: StackInterval) -> Bool { low < other.high && other.low < high }
}
