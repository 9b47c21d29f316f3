import X86

/// The format of `x`: how many, how shown, how wide. gdb's manual, "Examining Memory".
struct Examination: Equatable, Sendable {
  enum Style: Character, Sendable {
    case hexadecimal = "x"
    case signed = "d"
    case unsigned = "u"
    case octal = "o"
    case binary = "t"
    case address = "a"
    case character = "c"
    case string = "s"
    case instruction = "i"
  }

  enum Width: Character, Sendable {
    case byte = "b"
    case half = "h"
    case word = "w"
    case giant = "g"

    var bytes: Int {
      switch self {
      case .byte: 1
      case .half: 2
      case .word: 4
      case .giant: 8
      }
    }

    /// How many of them gdb puts on a line.
    var perLine: Int {
      switch self {
      case .byte, .half: 8
      case .word: 4
      case .giant: 2
      }
    }
  }

  /// The largest request, in units: more is a slip of the finger.
  static let largestCount = 65_536

  var count = 1
  var style = Style.hexadecimal
  var width = Width.giant
  /// Where an `x` without an address goes on; nil before the first.
  var next: VirtualAddress?

  /// Reads `text`, the part behind `/`; what it leaves out stays as it was, except the count, which is 1.
  mutating func apply(_ text: String?) throws(CommandFailure) {
    count = 1
    guard let text else { return }
    var rest = text[...]
    let digits = rest.prefix(while: \.isNumber)
    if !digits.isEmpty {
      guard let number = Int(digits), (1...Self.largestCount).contains(number) else { throw .badFormat(text) }
      count = number
      rest = rest[digits.endIndex...]
    }
    var explicitWidth = false
    for letter in rest {
      if let style = Style(rawValue: letter) {
        self.style = style
      } else if let width = Width(rawValue: letter) {
        self.width = width
        explicitWidth = true
      } else {
        throw .badFormat(text)
      }
    }
    if style == .address { width = .giant }
    if style == .character, !explicitWidth { width = .byte }
  }
}
