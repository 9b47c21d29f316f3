/// Looks for a text in bytes that come piece by piece: what was begun in one piece may end in another.
public struct AwaitedText: Sendable {
  private let text: [UInt8]
  /// The end of what came before, shorter than the text by a byte.
  private var tail: [UInt8] = []

  /// `text` is not empty.
  public init(_ text: String) { self.text = Array(text.utf8) }

  /// True when the text ends within `bytes`.
  public mutating func appears(in bytes: [UInt8]) -> Bool {
    guard let first = text.first, !bytes.isEmpty else { return false }
    let all = tail + bytes
    tail = Array(all.suffix(text.count - 1))
    guard all.count >= text.count else { return false }
    return (0...(all.count - text.count)).contains { start in
      all[start] == first && all[start..<start + text.count].elementsEqual(text)
    }
  }
}
