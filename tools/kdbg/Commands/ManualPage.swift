import Inspect
import Render

/// `help NAME`: the command's manual as one page.
struct ManualPage: Answer {
  let command: any Command

  func write(to page: inout TextPage, names: any NameSource) {
    page.line("NAME", .heading)
    page.line("  \(command.names.joined(separator: ", ")) - \(command.summary)")
    page.line()
    page.line("USAGE", .heading)
    for line in command.usage.split(separator: "\n") { page.line("  \(line)") }
    for section in command.manual.sections {
      page.line()
      page.line(section.title.rawValue, .heading)
      for line in section.lines { page.line(line.isEmpty ? "" : "  " + Self.painted(line, page)) }
    }
  }

  /// What the user types stands out in a transcript.
  private static func painted(_ line: String, _ page: TextPage) -> String {
    let text = line.drop { $0 == " " }
    guard text.hasPrefix("(kdbg) ") || text.hasPrefix("$ "), text.count < line.count else { return line }
    return String(line.prefix(line.count - text.count)) + page.paint(String(text), .symbol)
  }

  func members(names: any NameSource) -> [String: JSONValue] {
    var members = Self.summary(of: command)
    let sections = command.manual.sections.map {
      ($0.title.key, JSONValue.string($0.lines.joined(separator: "\n")))
    }
    members["manual"] = .object(Dictionary(sections) { first, _ in first })
    return members
  }

  /// What the list of all commands says about each.
  static func summary(of command: any Command) -> [String: JSONValue] {
    [
      "name": .string(command.names[0]),
      "aliases": .array(command.names.dropFirst().map(JSONValue.string)),
      "usage": .string(command.usage),
      "summary": .string(command.summary),
    ]
  }
}

extension CommandTable {
  /// The manual of the command that has `name` or alias `name` in full; nil for no command.
  public func manual(of name: String) -> String? {
    let command = commands.first { $0.names.contains(name) }
    return command.map { ManualPage(command: $0).text(.monochrome, names: NoNames()) }
  }
}

extension Manual.Section.Title {
  /// The member of the JSON answer.
  var key: String {
    switch self {
    case .description: "description"
    case .options: "options"
    case .example: "example"
    case .json: "json"
    case .seeAlso: "seeAlso"
    }
  }
}
