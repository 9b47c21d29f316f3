import FoundationEssentials

/// A file of commands, one a line.
public struct Script: Sendable {
  /// The path, as it was given.
  let name: String
  let lines: [String]

  /// Reads the file at `path`, where `~/` is the user's own folder.
  init(path: String) throws(CommandFailure) {
    var place = path
    if path.hasPrefix("~/"), let home = ProcessInfo.processInfo.environment["HOME"] {
      place = home + path.dropFirst()
    }
    guard let data = try? Data(contentsOf: URL(filePath: place)) else { throw .cannotRead(path) }
    name = path
    lines = String(decoding: data, as: UTF8.self).split(
      omittingEmptySubsequences: false, whereSeparator: \.isNewline
    )
    .map(String.init)
  }
}

/// A line of a script.
public struct ScriptPosition: Equatable, Sendable, CustomStringConvertible {
  public let file: String
  /// Counted from 1.
  public let line: Int

  public init(file: String, line: Int) {
    self.file = file
    self.line = line
  }

  /// As compilers say it: `FILE:LINE`.
  public var description: String { "\(file):\(line)" }
}
