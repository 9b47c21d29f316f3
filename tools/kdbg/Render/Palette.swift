/// What a piece of text means; how that looks is the palette's affair.
public enum Tone: Sendable {
  case plain
  case heading
  case good
  case bad
  case warning
  case quiet
  case symbol
}

/// How tones look.
public enum Palette: Sendable {
  case monochrome
  /// ECMA-48 colours, the eight that every terminal has.
  case colour

  /// `text` in `tone`.
  public func paint(_ text: String, _ tone: Tone) -> String {
    guard self == .colour, let code = code(of: tone), !text.isEmpty else { return text }
    return "\u{1b}[\(code)m\(text)\u{1b}[0m"
  }

  private func code(of tone: Tone) -> String? {
    switch tone {
    case .plain: nil
    case .heading: "1"
    case .good: "32"
    case .bad: "1;31"
    case .warning: "33"
    case .quiet: "2"
    case .symbol: "36"
    }
  }
}
