/// Lines of text under construction, painted by one palette.
public struct TextPage {
  public let palette: Palette
  /// What was not handed on yet.
  public private(set) var text = ""
  private let output: ((String) -> Void)?
  /// A page that is handed on holds no more than this, in bytes.
  private static let mostBytes = 1 << 14

  /// With an `output`, whole lines are handed on as they come; ``finish()`` hands on the rest.
  public init(_ palette: Palette, output: ((String) -> Void)? = nil) {
    self.palette = palette
    self.output = output
  }

  /// `text` in `tone`, for a part of a line.
  public func paint(_ text: String, _ tone: Tone) -> String { palette.paint(text, tone) }

  public mutating func line(_ line: String = "", _ tone: Tone = .plain) {
    text += palette.paint(line, tone)
    text += "\n"
    if text.utf8.count >= Self.mostBytes { finish() }
  }

  /// Hands on what is left.
  public mutating func finish() {
    guard let output, !text.isEmpty else { return }
    output(text)
    text = ""
  }

  /// The rows of `table`, each behind `indent` spaces.
  public mutating func table(_ table: TextTable, indent: Int = 2) {
    for row in table.lines(palette) { line(String(repeating: " ", count: indent) + row) }
  }

  /// `key value` pairs with the values in one column.
  public mutating func fields(_ fields: [(String, String)], indent: Int = 2) {
    var table = TextTable()
    for (key, value) in fields { table.row(.init(key, .quiet), .init(value)) }
    self.table(table, indent: indent)
  }
}

/// Rows of cells, every column as wide as its widest cell.
public struct TextTable {
  public struct Cell {
    let text: String
    let tone: Tone

    public init(_ text: String, _ tone: Tone = .plain) {
      self.text = text
      self.tone = tone
    }
  }

  /// At which edge a column's cells stand.
  public enum Alignment: Sendable {
    case left
    case right
  }

  private let alignments: [Alignment]
  private var rows: [[Cell]] = []
  /// By the number of rows before them.
  private var remarks: [Int: [Cell]] = [:]

  /// Columns past the last of `alignments` are aligned to the left.
  public init(_ alignments: Alignment...) { self.alignments = alignments }

  public var isEmpty: Bool { rows.isEmpty }

  public mutating func row(_ cells: Cell...) { rows.append(cells) }
  public mutating func row(_ cells: [Cell]) { rows.append(cells) }

  /// A line of its own between the rows, as wide as it likes.
  public mutating func remark(_ text: String, _ tone: Tone = .plain) {
    remarks[rows.count, default: []].append(Cell(text, tone))
  }

  public mutating func headings(_ headings: String...) {
    rows.append(headings.map { Cell($0, .quiet) })
  }

  /// The rows, without space at their ends.
  func lines(_ palette: Palette) -> [String] {
    let count = rows.map(\.count).max() ?? 0
    let widths = (0..<count).map { column in
      rows.map { column < $0.count ? $0[column].text.count : 0 }.max() ?? 0
    }
    let lines = rows.map { row in
      let last = row.lastIndex { !$0.text.isEmpty } ?? -1
      var line = ""
      for column in 0..<(last + 1) {
        let cell = row[column]
        let padding = String(repeating: " ", count: widths[column] - cell.text.count)
        let painted = palette.paint(cell.text, cell.tone)
        let alignment = column < alignments.count ? alignments[column] : .left
        switch alignment {
        case .right: line += padding + painted
        case .left: line += column == last ? painted : painted + padding
        }
        if column != last { line += "  " }
      }
      return line
    }
    guard !remarks.isEmpty else { return lines }
    return lines.enumerated().flatMap { index, line in
      [line] + remarks[index + 1, default: []].map { palette.paint($0.text, $0.tone) }
    }
  }
}
