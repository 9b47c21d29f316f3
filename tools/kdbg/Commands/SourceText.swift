import Foundation
import Symbols

/// The lines of source files, as far as they are on this machine.
struct SourceText {
  private var files: [String: [Substring]] = [:]
  /// A source file is never this long.
  private static let mostBytes = 16 << 20

  /// The text of a line without its indentation; nil when the file is not here, or is shorter.
  mutating func line(_ place: SourceLine) -> String? {
    let lines = lines(of: place.file)
    guard place.line >= 1, place.line <= lines.count else { return nil }
    return String(lines[place.line - 1].drop { $0 == " " || $0 == "\t" })
  }

  /// All lines of a file; none where it is not here.
  mutating func lines(of file: String) -> [Substring] {
    let lines = files[file] ?? Self.read(file)
    files[file] = lines
    return lines
  }

  private static func read(_ path: String) -> [Substring] {
    guard let attributes = try? FileManager.default.attributesOfItem(atPath: path),
      attributes[.type] as? FileAttributeType == .typeRegular, let size = attributes[.size] as? Int,
      size <= mostBytes, let data = FileManager.default.contents(atPath: path)
    else { return [] }
    // Old sources are in old encodings: what is no UTF-8 is replaced.
    let text = String(decoding: data, as: UTF8.self)
    var lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    if lines.last == "" { lines.removeLast() }
    return lines
  }
}
