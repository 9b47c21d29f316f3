import Inspect

/// What a command found: said in words, or given as data. Each type of `Inspect` that a command can answer with
/// conforms, in a file named after the command.
public protocol Answer {
  /// The words, for a reader at a terminal.
  func write(to page: inout TextPage, names: any NameSource)
  /// The data: the members of the answer's object, without `schema` and `command`.
  func members(names: any NameSource) -> [String: JSONValue]
}

extension Answer {
  public func text(_ palette: Palette, names: any NameSource) -> String {
    var page = TextPage(palette)
    write(to: &page, names: names)
    return page.text
  }

  /// The whole object of an answer to `command`, on one line.
  public func json(command: String, names: any NameSource) -> String {
    JSONObject.line(command: command, members(names: names))
  }
}

/// An answer of any length, which is found out while it is written: nobody ever holds all of it.
public protocol StreamedAnswer: Answer {
  /// Writes the members of the answer's object in the order of their names, `command` and `schema` left out.
  func write(to object: inout JSONObjectStream, names: any NameSource)
}

extension StreamedAnswer {
  public func members(names: any NameSource) -> [String: JSONValue] {
    var object = JSONObjectStream.collecting
    write(to: &object, names: names)
    return object.members
  }
}

/// One that may take long without a line to show for it.
public protocol GaugedAnswer: StreamedAnswer {
  /// How far it has come.
  var gauge: TableGauge { get }
}

/// The envelope that every object on standard output has.
public enum JSONObject {
  /// Grows when a key changes its meaning; new keys do not change it.
  public static let schema = 1

  public static func line(command: String, _ members: [String: JSONValue]) -> String {
    var members = members
    members["schema"] = .number(schema)
    members["command"] = .string(command)
    return JSONValue.object(members).serialized
  }
}
