/// A JSON value as it was read.
public enum JSONDocument: Decodable {
  case object([String: JSONDocument])
  case array([JSONDocument])
  case string(String)
  case integer(Int)
  case boolean(Bool)
  case null

  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Bool.self) {
      self = .boolean(value)
    } else if let value = try? container.decode(Int.self) {
      self = .integer(value)
    } else if let value = try? container.decode(String.self) {
      self = .string(value)
    } else if let value = try? container.decode([JSONDocument].self) {
      self = .array(value)
    } else {
      self = .object(try container.decode([String: JSONDocument].self))
    }
  }

  /// The member of that name, nil where there is none.
  public subscript(_ name: String) -> JSONDocument? {
    if case .object(let members) = self { members[name] } else { nil }
  }

  /// The text of a string.
  public var text: String? { if case .string(let text) = self { text } else { nil } }
}

/// What JSON values look like, in the part of JSON Schema (2020-12) that kdbg's answers need. Joining a value makes the
/// shape the least one that has it, too.
public struct JSONShape {
  /// `hexadecimal` is a string of digits behind `0x`.
  private enum Kind: String, CaseIterable { case object, array, string, hexadecimal, integer, boolean, null }

  private var kinds: Set<Kind> = []
  private var members: [String: JSONShape] = [:]
  /// The members that every object has; nil before there was one.
  private var required: Set<String>?
  /// One, or none where every list was empty.
  private var elements: [JSONShape] = []

  public init() {}

  public mutating func join(_ value: JSONDocument) {
    kinds.insert(Self.kind(of: value))
    switch value {
    case .object(let object):
      for (name, member) in object { members[name, default: JSONShape()].join(member) }
      required = required.map { $0.intersection(object.keys) } ?? Set(object.keys)
    case .array(let list):
      for element in list {
        if elements.isEmpty { elements = [JSONShape()] }
        elements[0].join(element)
      }
    default: break
    }
  }

  /// Where `value` is not of this shape; empty where it is.
  public func misfits(of value: JSONDocument, at path: String = "") -> [String] {
    let kind = Self.kind(of: value)
    guard kinds.contains(kind) || kind == .hexadecimal && kinds.contains(.string) else {
      return ["\(path) is \(kind.rawValue)"]
    }
    switch value {
    case .object(let object):
      let missing = (required ?? []).subtracting(object.keys).sorted().map { "\(path).\($0) is missing" }
      return missing
        + object.sorted { $0.key < $1.key }.flatMap { name, member in
          members[name]?.misfits(of: member, at: "\(path).\(name)") ?? [
            "\(path).\(name) is not in the schema"
          ]
        }
    case .array(let list):
      return list.flatMap {
        elements.first?.misfits(of: $0, at: path + "[]") ?? ["\(path)[] is not in the schema"]
      }
    default: return []
    }
  }

  private static func kind(of value: JSONDocument) -> Kind {
    switch value {
    case .object: .object
    case .array: .array
    case .string(let text): text.wholeMatch(of: /0x[0-9a-f]+/) == nil ? .string : .hexadecimal
    case .integer: .integer
    case .boolean: .boolean
    case .null: .null
    }
  }
}

// MARK: As JSON Schema

extension JSONShape {
  private static let hexadecimalPattern = "^0x[0-9a-f]+$"

  /// The shape that a schema describes which ``schema(indent:)`` has written.
  public init(schema: JSONDocument) {
    var names: [String] = []
    switch schema["type"] {
    case .string(let name): names = [name]
    case .array(let list): names = list.compactMap(\.text)
    default: break
    }
    kinds = Set(names.compactMap(Kind.init(rawValue:)))
    if schema["pattern"]?.text == Self.hexadecimalPattern, kinds.remove(.string) != nil {
      kinds.insert(.hexadecimal)
    }
    if case .object(let properties)? = schema["properties"] {
      members = properties.mapValues(JSONShape.init(schema:))
    }
    if case .array(let list)? = schema["required"] { required = Set(list.compactMap(\.text)) }
    if let items = schema["items"] { elements = [JSONShape(schema: items)] }
  }

  /// The schema, the same text for the same shape; lines behind the first begin with `indent`.
  public func schema(indent: String) -> String {
    let isText = kinds.contains(.string)
    var names = kinds.filter { $0 != .hexadecimal }.map(\.rawValue)
    if kinds.contains(.hexadecimal), !isText { names.append("string") }
    names.sort()
    let inner = indent + "  "
    var parts = [
      names.count == 1
        ? "\"type\": \"\(names[0])\""
        : "\"type\": [" + names.map { "\"\($0)\"" }.joined(separator: ", ") + "]"
    ]
    if kinds.contains(.hexadecimal), !isText { parts.append("\"pattern\": \"\(Self.hexadecimalPattern)\"") }
    if kinds.contains(.object) {
      let properties = members.sorted { $0.key < $1.key }.map { name, shape in
        "\(inner)  \"\(name)\": \(shape.schema(indent: inner + "  "))"
      }
      parts.append("\"properties\": {\n" + properties.joined(separator: ",\n") + "\n\(inner)}")
      let needed = (required ?? []).sorted().map { "\"\($0)\"" }.joined(separator: ", ")
      parts.append("\"required\": [\(needed)]")
    }
    if let element = elements.first { parts.append("\"items\": " + element.schema(indent: inner)) }
    guard kinds.contains(.object) || !elements.isEmpty else {
      return "{ " + parts.joined(separator: ", ") + " }"
    }
    return "{\n" + parts.map { inner + $0 }.joined(separator: ",\n") + "\n\(indent)}"
  }
}
