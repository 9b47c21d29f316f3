/// One line of input, taken apart as gdb does: `x/8gx $rsp` is the command `x`, the format `8gx` and the rest.
public struct CommandLine: Equatable, Sendable {
  public let name: String
  /// What stands behind `/`, nil where there is none.
  public let format: String?
  /// Everything behind the name, without space at its ends.
  public let rest: String
  /// What stands behind the name as it was typed, for a command that has no format.
  public let behindName: String

  /// Nil for an empty line and for a comment (`#`).
  public init?(_ line: String) {
    let trimmed = line.trimmingSpaces()
    guard let first = trimmed.first, first != "#" else { return nil }
    let head = trimmed.prefix { !$0.isWhitespace && $0 != "/" }
    name = String(head)
    behindName = String(trimmed[head.endIndex...]).trimmingSpaces()
    let behind = trimmed[head.endIndex...].drop(while: \.isWhitespace)
    if behind.first == "/" {
      let letters = behind.dropFirst().prefix { !$0.isWhitespace }
      format = String(letters)
      rest = String(behind[letters.endIndex...]).trimmingSpaces()
    } else {
      format = nil
      rest = String(behind).trimmingSpaces()
    }
  }

  /// The words behind the name, for a command without a format: the first may be a path that begins with `/`.
  public var wordsOrPaths: [String] { (format.map { ["/" + $0] } ?? []) + words }

  /// The words of the rest.
  public var words: [String] { rest.split(whereSeparator: \.isWhitespace).map(String.init) }
}

extension String {
  func trimmingSpaces() -> String {
    let start = drop(while: \.isWhitespace)
    let trailing = start.reversed().prefix(while: \.isWhitespace).count
    return String(start.dropLast(trailing))
  }
}
