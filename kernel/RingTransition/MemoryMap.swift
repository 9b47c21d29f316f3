import X86

/// Which physical addresses are memory: a few ranges, or nothing known.
public struct MemoryMap: Sendable {
  /// How many ranges can be kept. Fewer than a machine has would make memory look like a hole, so what does not
  /// fit makes the map unknown.
  public static let capacity = 16

  private var lows = InlineArray<16, UInt64>(repeating: 0)
  private var highs = InlineArray<16, UInt64>(repeating: 0)
  private var count = 0
  private var isOverfull = false

  public init() {}

  /// True when memory is known.
  public var isKnown: Bool { count > 0 && !isOverfull }

  /// Adds the bytes `low ..< high`.
  public mutating func insert(low: UInt64, high: UInt64) {
    guard low < high else { return }
    guard count < Self.capacity else {
      isOverfull = true
      return
    }
    lows[count] = low
    highs[count] = high
    count += 1
  }

  /// True when the whole frame is memory. Looking is `mutating`: a shared read of an array copies it whole.
  public mutating func contains(_ frame: PhysicalFrame) -> Bool {
    let first = frame.address.rawValue
    for position in 0..<count
    where lows[position] <= first && highs[position] >= first &+ PhysicalFrame.byteCount {
      return true
    }
    return false
  }
}
