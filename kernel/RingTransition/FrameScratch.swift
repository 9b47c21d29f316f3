/// Room in which an audit of whole tables remembers where it was. The host gives as much as a machine can need, the
/// kernel a fixed piece; when it is full the audit says what it could not check.
public protocol FrameScratch: ~Copyable {
  /// Remembers `key`, which is not 0.
  mutating func insert(_ key: UInt64) -> FrameScratchAnswer
  mutating func contains(_ key: UInt64) -> Bool
  /// How many positions ``key(at:)`` has.
  var positionCount: Int { get }
  /// The key at a position, 0 for none; every key is at one.
  mutating func key(at position: Int) -> UInt64
}

/// What became of a key.
public enum FrameScratchAnswer: UInt8, Equatable, Sendable {
  case added
  case known
  case full
}

/// Room for `capacity` keys in one piece, which is found without an allocator.
public struct FixedFrameScratch<let capacity: Int>: FrameScratch, ~Copyable {
  private var keys = InlineArray<capacity, UInt64>(repeating: 0)
  private var count = 0

  public init() {}

  public var positionCount: Int { capacity }

  public mutating func insert(_ key: UInt64) -> FrameScratchAnswer {
    guard let position = find(key) else { return .full }
    if keys[position] == key { return .known }
    // A quarter stays free, or looking for what is not there takes too long.
    guard count < capacity - capacity / 4 else { return .full }
    keys[position] = key
    count += 1
    return .added
  }

  public mutating func contains(_ key: UInt64) -> Bool {
    guard let position = find(key) else { return false }
    return keys[position] == key
  }

  public mutating func key(at position: Int) -> UInt64 {
    position >= 0 && position < capacity ? keys[position] : 0
  }

  /// Where `key` stands, or the free position where it belongs; nil when there is neither.
  private mutating func find(_ key: UInt64) -> Int? {
    guard capacity > 0 else { return nil }
    // Fibonacci hashing: frames are numbered in a row, and must not stand in one.
    let hash = (key &* 0x9e37_79b9_7f4a_7c15) >> 32
    var position = Int(truncatingIfNeeded: hash) % capacity
    for _ in 0..<capacity {
      if keys[position] == key || keys[position] == 0 { return position }
      position = position + 1 == capacity ? 0 : position + 1
    }
    return nil
  }
}
