import RemoteProtocol
import X86

/// The part of a document that a client asked for: `qXfer` reads large ones in pieces. The whole document is written
/// each time; what lies outside of the window is passed over.
struct DocumentWindow {
  var start: UInt64 = 0
  var byteCount: UInt64 = 0
  /// Where the writing stands.
  var position: UInt64 = 0
  /// There is more after what went into the frame.
  var hasMore = false
}

extension ReplyFrame: ByteSink {
  /// Any byte, in the form that was chosen.
  mutating func write(_ byte: UInt8) {
    switch form {
    case .escaped: escaped(byte)
    case .hexadecimal: hexadecimal(byte: byte)
    case .document: document(byte)
    case .documentText: documentText(byte)
    }
  }

  /// Begins the answer to a `qXfer` read; ``write(_:)`` takes the document from now on.
  mutating func beginDocument(start: UInt64, byteCount: UInt64) {
    begin()
    raw(UInt8(ascii: "l"))
    endRun()
    window = DocumentWindow(start: start, byteCount: byteCount)
    form = .document
  }

  /// Words that are markup.
  mutating func markup(_ text: StaticString) {
    form = .document
    var letters = Letters(text)
    while let letter = letters.next() { document(letter) }
  }

  mutating func markup(decimal value: UInt64) {
    var divisor: UInt64 = 1
    while value / max(divisor, 1) >= 10, divisor < 10_000_000_000_000_000_000 { divisor &*= 10 }
    while divisor > 0 {
      document(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: value / divisor % 10))
      divisor /= 10
    }
  }

  /// `0x` and digits.
  mutating func markup(hexadecimal value: UInt64) {
    markup("0x")
    markup(digits: value)
  }

  /// In hexadecimal.
  mutating func markup(digits value: UInt64) {
    form = .document
    var shift = (63 &- UInt64(truncatingIfNeeded: (value | 1).leadingZeroBitCount)) & ~3
    while true {
      document(Hexadecimal.digit(of: UInt8(truncatingIfNeeded: value >> shift)))
      guard shift > 0 else { return }
      shift &-= 4
    }
  }

  private mutating func document(_ byte: UInt8) {
    let place = window.position
    window.position = place &+ 1
    guard place >= window.start, !window.hasMore else { return }
    guard place &- window.start < window.byteCount, room >= 2 else {
      window.hasMore = true
      return
    }
    escaped(byte)
  }

  /// Control characters become spaces: they are not XML.
  private mutating func documentText(_ byte: UInt8) {
    switch byte {
    case UInt8(ascii: "<"): markup("&lt;")
    case UInt8(ascii: ">"): markup("&gt;")
    case UInt8(ascii: "&"): markup("&amp;")
    case UInt8(ascii: "\""): markup("&quot;")
    case 0..<0x20, 0x7f: document(0x20)
    default: document(byte)
    }
    form = .documentText
  }
}
