/// What there is to know about a command: the text that `help NAME` shows and docs/commands/NAME.md is made from.
///
/// The text is sections, each a title in capitals at the margin over lines that are indented by two:
///
///     DESCRIPTION
///       Paragraphs. A line indented further stands as it is.
///
///     OPTIONS
///       --cr3 VALUE  under this root table;
///                    a line without a first column goes on
///
///     EXAMPLE
///       What is seen here:
///
///           (kdbg) walk $rsp
///           (its answer)
///
///     JSON
///       levels[].index  number  the entry's place in its table
///
///     SEE ALSO
///       pml4, frame
///
/// NAME and USAGE come from the command itself. docs/KDBG.md says how the transcripts are held against the machine.
public struct Manual: Equatable, Sendable, ExpressibleByStringLiteral {
  /// One titled part.
  public struct Section: Equatable, Sendable {
    public enum Title: String, CaseIterable, Sendable {
      case description = "DESCRIPTION"
      case options = "OPTIONS"
      case example = "EXAMPLE"
      case json = "JSON"
      case seeAlso = "SEE ALSO"
    }

    public let title: Title
    /// The lines below the title, without the two spaces.
    public var lines: [String]
  }

  public let sections: [Section]
  /// The lines that belong to no section: a title that there is not, or a body that is not indented.
  public let strayLines: [String]

  public init(stringLiteral text: String) { self.init(text) }

  public init(_ text: String) {
    var sections: [Section] = []
    var stray: [String] = []
    for line in text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
      if let title = Section.Title(rawValue: line) {
        sections.append(Section(title: title, lines: []))
      } else if sections.isEmpty || !(line.isEmpty || line.hasPrefix("  ")) {
        if !line.isEmpty { stray.append(line) }
      } else {
        sections[sections.count - 1].lines.append(String(line.dropFirst(2)))
      }
    }
    for index in sections.indices {
      while sections[index].lines.last?.isEmpty == true { sections[index].lines.removeLast() }
    }
    self.sections = sections
    strayLines = stray
  }

  public subscript(_ title: Section.Title) -> [String] {
    sections.first { $0.title == title }?.lines ?? []
  }

  /// The rows of OPTIONS or JSON: what stands between two or more spaces, with lines that go on joined.
  public func rows(of title: Section.Title, columns: Int) -> [[String]] {
    var rows: [[String]] = []
    for line in self[title] where !line.isEmpty {
      if line.hasPrefix(" "), !rows.isEmpty {
        rows[rows.count - 1][rows[rows.count - 1].count - 1] += " " + line.trimmingSpaces()
      } else {
        rows.append(Self.cells(of: line, columns: columns))
      }
    }
    return rows
  }

  private static func cells(of line: String, columns: Int) -> [String] {
    var cells: [String] = []
    var rest = line[...]
    while cells.count < columns - 1, let gap = rest.firstRange(of: "  ") {
      cells.append(String(rest[..<gap.lowerBound]))
      rest = rest[gap.upperBound...].drop { $0 == " " }
    }
    cells.append(String(rest))
    return cells
  }

  /// The names below SEE ALSO.
  public var related: [String] {
    self[.seeAlso].joined(separator: " ").split(separator: ",").map { String($0).trimmingSpaces() }
  }
}
