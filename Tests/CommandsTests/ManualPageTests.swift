import Commands
import Testing

/// Every command has a page, and every page is whole.
@Suite struct ManualPageTests {
  private static let commands = CommandTable.standard.commands

  @Test(arguments: commands.map { $0.names[0] })
  func aPageIsWhole(_ name: String) throws {
    let command = try #require(Self.commands.first { $0.names[0] == name })
    let manual = command.manual
    #expect(manual.strayLines.isEmpty)
    let titles = manual.sections.map(\.title)
    #expect(titles == Manual.Section.Title.allCases.filter(titles.contains), "order, or a section twice")
    for title in [Manual.Section.Title.description, .example, .seeAlso] {
      #expect(!manual[title].isEmpty, "\(name): \(title.rawValue)")
    }
    #expect(
      manual[.example].contains { line in
        command.names.contains {
          line == "    (kdbg) \($0)" || line.hasPrefix("    (kdbg) \($0) ")
            || line.hasPrefix("    (kdbg) \($0)/")
        }
      }, "\(name): the example does not show the command")
    for row in manual.rows(of: .options, columns: 2) { #expect(row.count == 2 && !row[1].isEmpty, "\(row)") }
    for row in manual.rows(of: .json, columns: 3) { #expect(row.count == 3 && !row[2].isEmpty, "\(row)") }
    for related in manual.related {
      #expect(related != name && Self.commands.contains { $0.names[0] == related }, "SEE ALSO \(related)")
    }
    for line in manual[.description] { #expect(line.count <= 120, "\(line)") }
  }
}

@Suite struct ManualTextTests {
  private let manual: Manual = """
    DESCRIPTION
      One.

          two

    OPTIONS
      --a N  the first,
             in two lines
      word   the second

    JSON
      a.b[]  hex|null  an  address

    SEE ALSO
      walk, x
    """

  @Test func sections() {
    #expect(manual.sections.map(\.title) == [.description, .options, .json, .seeAlso])
    #expect(manual[.description] == ["One.", "", "    two"])
    #expect(manual[.example] == [])
    #expect(manual.related == ["walk", "x"])
    #expect(manual.strayLines == [])
  }

  @Test func rows() {
    #expect(
      manual.rows(of: .options, columns: 2) == [
        ["--a N", "the first, in two lines"], ["word", "the second"],
      ])
    #expect(manual.rows(of: .json, columns: 3) == [["a.b[]", "hex|null", "an  address"]])
  }

  @Test func whatFitsNowhere() {
    #expect(Manual("BUGS\n  none\nDESCRIPTION\ntext").strayLines == ["BUGS", "  none", "text"])
  }
}
