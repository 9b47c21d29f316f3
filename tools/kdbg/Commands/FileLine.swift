/// `FILE:LINE`, as a user names a place in the source: a file's name, or its path as the compiler recorded it.
struct FileLine: Equatable {
  let file: String
  /// Counted from 1.
  let line: Int

  /// Nil for what is something else. A file's name has a dot or a slash in it, and no symbol's operators.
  init?(_ text: String) {
    guard let colon = text.lastIndex(of: ":"), let line = Int(text[text.index(after: colon)...]), line > 0
    else { return nil }
    let file = text[..<colon]
    guard file.contains(where: { $0 == "." || $0 == "/" }), let first = file.first,
      !"*$&'({-~!".contains(first), !file.contains(where: \.isWhitespace), file.last != ":"
    else { return nil }
    self.file = String(file)
    self.line = line
  }
}
