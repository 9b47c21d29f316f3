import X86

/// The bytes of a literal, one after the other.
struct Letters {
  private let text: StaticString
  private var position = 0

  init(_ text: StaticString) { self.text = text }

  /// Nil at the end: no literal of the stub's has a zero byte.
  mutating func next() -> UInt8? {
    let byte = text.byte(position)
    guard byte != 0 else { return nil }
    position &+= 1
    return byte
  }
}
