/// Searches in demangled text, as bytes; "top level" is outside all brackets.
extension ArraySlice<UInt8> {
  func begins(with pattern: String) -> Bool {
    count >= pattern.utf8.count && matches(pattern, at: startIndex)
  }

  func ends(with pattern: String) -> Bool {
    count >= pattern.utf8.count && matches(pattern, at: endIndex - pattern.utf8.count)
  }

  /// The first `pattern`, inside brackets or not.
  func firstRange(of pattern: String) -> Range<Int>? {
    indices.first { matches(pattern, at: $0) }.map { $0..<$0 + pattern.utf8.count }
  }

  /// The first `pattern` at the top level.
  func topLevel(_ pattern: String) -> Range<Int>? {
    var depth = 0
    for at in indices {
      if depth == 0, matches(pattern, at: at) { return at..<at + pattern.utf8.count }
      depth += depthChange(at)
    }
    return nil
  }

  /// The parts between the separators at the top level; none for an empty text.
  func split(atTopLevel separator: String) -> [ArraySlice<UInt8>] {
    var parts: [ArraySlice<UInt8>] = []
    var rest = self
    while let found = rest.topLevel(separator) {
      parts.append(rest[..<found.lowerBound])
      rest = rest[found.upperBound...]
    }
    return isEmpty ? [] : parts + [rest]
  }

  /// What stands before the effects, the result's or the property's type.
  var untilType: ArraySlice<UInt8> {
    var rest = self
    for end: String in [" -> ", " throws", " async", " : "] {
      if let found = rest.topLevel(end) { rest = rest[..<found.lowerBound] }
    }
    return rest
  }

  /// The bracket group at the text's beginning, brackets included.
  var firstGroup: Range<Int>? {
    var depth = 0
    for at in indices {
      depth += depthChange(at)
      if depth <= 0 { return depth == 0 && at > startIndex ? startIndex..<at + 1 : nil }
    }
    return nil
  }

  /// Where the bracket group at the text's end begins.
  var startOfLastGroup: Int? {
    var depth = 0
    for at in indices.reversed() {
      depth += depthChange(at)
      if depth >= 0 { return depth == 0 && at < endIndex - 1 ? at : nil }
    }
    return nil
  }

  private func matches(_ pattern: String, at start: Int) -> Bool {
    let bytes = pattern.utf8
    return start + bytes.count <= endIndex && self[start..<start + bytes.count].elementsEqual(bytes)
  }

  /// An arrow's `>` closes nothing.
  private func depthChange(_ at: Int) -> Int {
    switch self[at] {
    case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{"), UInt8(ascii: "<"): 1
    case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"): -1
    case UInt8(ascii: ">"): at > startIndex && self[at - 1] == UInt8(ascii: "-") ? 0 : -1
    default: 0
    }
  }
}
