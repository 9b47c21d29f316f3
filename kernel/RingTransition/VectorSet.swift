import X86

/// A set of interrupt vectors, one bit each.
public struct VectorSet: Sendable {
  private var bits = InlineArray<4, UInt64>(repeating: 0)

  public init() {}

  public func contains(_ vector: UInt8) -> Bool {
    bits[Int(vector >> 6)] & 1 << UInt64(vector & 63) != 0
  }

  public mutating func insert(_ vector: UInt8) { bits[Int(vector >> 6)] |= 1 << UInt64(vector & 63) }

  public mutating func insert(_ exception: ExceptionVector) { insert(exception.rawValue) }

  /// #DB, NMI, #DF and #MC: the vectors that arrive at moments when no other stack can be trusted.
  public static var interruptStackDefault: VectorSet {
    var set = VectorSet()
    set.insert(.debug)
    set.insert(.nonMaskableInterrupt)
    set.insert(.doubleFault)
    set.insert(.machineCheck)
    return set
  }
}
