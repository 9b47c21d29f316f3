import X86

/// A set of interrupt vectors, one bit each.
public struct VectorSet: Sendable {
  private var bits = InlineArray<4, UInt64>(repeating: 0)

  public init() {}

  /// Bit n of word n / 64 for vector n.
  public init(words: InlineArray<4, UInt64>) { bits = words }

  public func contains(_ vector: UInt8) -> Bool {
    bits[Int(vector >> 6)] & 1 << UInt64(vector & 63) != 0
  }

  public mutating func insert(_ vector: UInt8) { bits[Int(vector >> 6)] |= 1 << UInt64(vector & 63) }

  public mutating func insert(_ exception: ExceptionVector) { insert(exception.rawValue) }

  public mutating func insert(_ other: VectorSet) {
    for word in 0..<4 { bits[word] |= other.bits[word] }
  }

  /// The exceptions that any processor can raise: 0...8, 10...14 and 16...19. Not 9, which is no longer raised;
  /// not those that need a hypervisor or CET, whose gates kernels leave empty. SDM Vol. 3A, table 6-1.
  public static var exceptions: VectorSet {
    var set = VectorSet()
    set.bits[0] = 0x000f_7dff
    return set
  }
}
