/// Linear addresses `low ..< high`, in bytes.
public struct AddressInterval: Equatable, Sendable {
  public let low: UInt64
  public let high: UInt64

  public init(low: UInt64, high: UInt64) {
    self.low = low
    self.high = high
  }

  public func contains(_ address: UInt64) -> Bool { address >= low && address < high }
}
