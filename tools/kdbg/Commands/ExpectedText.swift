/// What `expect` looks for: words, with any space between them, or a regular expression between slashes.
struct ExpectedText {
  private enum Pattern {
    case words(String)
    case expression(Regex<AnyRegexOutput>)
  }

  private let pattern: Pattern

  init(_ text: String) throws(CommandFailure) {
    guard text.count > 2, text.hasPrefix("/"), text.hasSuffix("/") else {
      pattern = .words(Self.spaced(text))
      return
    }
    do {
      pattern = .expression(try Regex(String(text.dropFirst().dropLast())).anchorsMatchLineEndings())
    } catch {
      throw .badPattern(text)
    }
  }

  func isFound(in text: String) -> Bool {
    switch pattern {
    case .words(let words): Self.spaced(text).contains(words)
    case .expression(let expression): text.contains(expression)
    }
  }

  /// Columns are as wide as what stands in them, so that any space is as good as any other.
  private static func spaced(_ text: String) -> String {
    text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
  }
}
