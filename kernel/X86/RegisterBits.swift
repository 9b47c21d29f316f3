/// A 64-bit register or entry seen as named bits.
///
/// The standard library's `OptionSet` would do, but its array literal builds an array, which Embedded Swift
/// without an allocator refuses even where the optimiser would remove it. Here `|` says the same.
public protocol RegisterBits: Equatable, Sendable {
  var rawValue: UInt64 { get }
  init(rawValue: UInt64)
}

extension RegisterBits {
  /// No bit set.
  public static var none: Self { Self(rawValue: 0) }
  public static func | (left: Self, right: Self) -> Self { Self(rawValue: left.rawValue | right.rawValue) }

  public var isEmpty: Bool { rawValue == 0 }
  /// True when every bit of `bits` is set here.
  public func contains(_ bits: Self) -> Bool { rawValue & bits.rawValue == bits.rawValue }
  /// The same bits without those of `bits`.
  public func subtracting(_ bits: Self) -> Self { Self(rawValue: rawValue & ~bits.rawValue) }
  public mutating func insert(_ bits: Self) { self = self | bits }
  public mutating func remove(_ bits: Self) { self = subtracting(bits) }
}
