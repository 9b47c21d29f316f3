import Foundation
import Symbols

/// The lines of source files, as far as they are on this machine.
struct SourceText {
  private var files: [String: [Substring]] = [:]
  /// A source file is never this long.
  private static let mostBytes = 16 << 20

  /// The text of a line without its indentation; nil when the file is not here, or is shorter.
  mutating func line(_ place: SourceLine) -> String? {
    let lines = files[place.file] ?? Self.read(place.file)
    files[place.file] = lines
    guard place.line >= 1, place.line <= lines.count else { return nil }
    return String(lines[place.line - 1].drop { $0 == " " || $0 == "\t" })
  }

  private static func read(_ path: String) -> [Substring] {
    guard let attributes = try? FileManager.default.attributesOfItem(atPath: path),
      attributes[.type] as? FileAttributeType == .typeRegular, let size = attributes[.size] as? Int,
      size <= mostBytes, let text = try? String(contentsOfFile: path, encoding: .utf8)
    else { return [] }
    return text.split(separator: "\n", omittingEmptySubsequences: false)
  }
}
