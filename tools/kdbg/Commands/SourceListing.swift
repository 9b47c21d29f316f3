import Inspect
import Render
import Symbols
import X86

/// Lines of a source file that were shown.
struct SourceListing: Equatable {
  let file: String
  /// The first and the last line, counted from 1.
  let lines: ClosedRange<Int>
  /// Where the machine stood: when it has gone on, the next `list` begins there.
  let address: VirtualAddress

  /// How many lines are shown at once, as gdb does.
  static let count = 10

  /// The lines around `line`.
  static func around(_ line: Int) -> ClosedRange<Int> {
    let first = max(1, line - count / 2)
    return first...first + count - 1
  }
}

/// `list`.
struct ListAnswer: Answer {
  let listing: SourceListing
  let text: [Substring]
  /// The line at which the machine stands, where it is in this file.
  let current: Int?
  /// What to say above the lines; nil where they go on.
  let title: String?

  func write(to page: inout TextPage, names: any NameSource) {
    if let title { page.line(title, .heading) }
    let width = String(listing.lines.upperBound).count
    for (number, line) in zip(listing.lines, text) {
      let padding = String(repeating: " ", count: width - String(number).count)
      let mark = number == current ? "=> " : "   "
      page.line("\(mark)\(padding)\(number)" + (line.isEmpty ? "" : "\t\(line)"))
    }
  }

  func members(names: any NameSource) -> [String: JSONValue] {
    [
      "file": .string(listing.file),
      "current": .optional(current, JSONValue.number),
      "lines": .array(
        zip(listing.lines, text).map { ["line": .number($0), "text": .string(String($1))] }),
    ]
  }
}
