/// One line of input, taken apart as gdb does: `x/8gx $rsp` is the command `x`, the format `8gx` and the rest.
public struct CommandLine: Equatable, Sendable {
  public let name: String
  /// What stands behind `/` without a space, nil where there is none.
  public let format: String?
  /// Everything behind the name, without space at its ends.
  public let rest: String

  /// Nil for an empty line and for a comment (`#`).
  public init?(_ line: String) {
    let trimmed = line.trimmingSpaces()
    guard let first = trimmed.first, first != "#" else { return nil }
    let head = trimmed.prefix { !$0.isWhitespace }
    rest = String(trimmed[head.endIndex...]).trimmingSpaces()
    if let slash = head.firstIndex(of: "/") {
      name = String(head[..<slash])
      format = String(head[head.index(after: slash)...])
    } else {
      name = String(head)
      format = nil
    }
  }

  init(name: String, format: String?, rest: String) {
    self.name = name
    self.format = format
    self.rest = rest
  }

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
