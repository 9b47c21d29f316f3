/// What an expression's names stand for, and what it may read.
public protocol ExpressionScope {
  /// The value of register `name` (without `$`), nil when there is none of that name.
  func register(_ name: String) throws(CommandFailure) -> UInt64?
  /// The address of the symbol `name`, nil when there is none.
  func symbol(_ name: String) throws(CommandFailure) -> UInt64?
  /// What stands in memory at `address`, extended to 64 bits.
  func memory(_ unit: MemoryUnit, at address: UInt64) throws(CommandFailure) -> UInt64
}

/// An integer in memory, as an expression reads it: `{u32} ADDRESS`, `{u64 physical} ADDRESS`.
public struct MemoryUnit: Equatable, Sendable {
  public enum Space: Equatable, Sendable {
    /// Under the loaded root table.
    case linear
    case physical
  }

  public enum Extension: Equatable, Sendable { case zero, sign }

  /// 1, 2, 4 or 8.
  public var byteCount: Int
  public var extending: Extension = .zero
  public var space: Space = .linear

  /// What `*` reads.
  public static let word = MemoryUnit(byteCount: 8)

  public init(byteCount: Int, extending: Extension = .zero, space: Space = .linear) {
    self.byteCount = byteCount
    self.extending = extending
    self.space = space
  }

  /// `u8` and the like, and the names that C has for them. Nil for other words.
  public init?(name: String) {
    switch name {
    case "u8", "uint8_t", "unsigned char": self.init(byteCount: 1)
    case "u16", "uint16_t", "unsigned short": self.init(byteCount: 2)
    case "u32", "uint32_t", "unsigned int", "unsigned": self.init(byteCount: 4)
    case "u64", "uint64_t", "unsigned long", "unsigned long long": self.init(byteCount: 8)
    case "i8", "int8_t", "char", "signed char": self.init(byteCount: 1, extending: .sign)
    case "i16", "int16_t", "short": self.init(byteCount: 2, extending: .sign)
    case "i32", "int32_t", "int": self.init(byteCount: 4, extending: .sign)
    case "i64", "int64_t", "long", "long long": self.init(byteCount: 8, extending: .sign)
    default: return nil
    }
  }

  /// The value of little-endian `bytes`, of which there are ``byteCount``.
  public func value(of bytes: [UInt8]) -> UInt64 {
    var value: UInt64 = 0
    for byte in bytes.prefix(8).reversed() { value = value << 8 | UInt64(byte) }
    guard extending == .sign, byteCount < 8 else { return value }
    let unused = UInt64(64 - byteCount * 8)
    return UInt64(bitPattern: Int64(bitPattern: value << unused) >> Int64(unused))
  }

  /// The low bytes of `value`, as memory holds them.
  public func bytes(of value: UInt64) -> [UInt8] {
    (0..<byteCount).map { UInt8(truncatingIfNeeded: value >> UInt64($0 * 8)) }
  }
}
