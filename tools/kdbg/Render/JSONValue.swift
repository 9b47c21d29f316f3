import FoundationEssentials

/// One JSON value. Keys come out sorted, so that two answers can be compared as text.
public indirect enum JSONValue: Equatable, Sendable {
  case object([String: JSONValue])
  case array([JSONValue])
  case string(String)
  case number(Int)
  case bool(Bool)
  case null

  /// A 64-bit quantity as JSON carries it here: a string of hexadecimal digits, because JSON's numbers stop
  /// being exact at 2^53.
  public static func hexadecimal(_ value: UInt64) -> JSONValue { .string(value.hexadecimal) }

  /// `value` where it is known, else null.
  public static func optional<Value>(_ value: Value?, _ convert: (Value) -> JSONValue) -> JSONValue {
    value.map(convert) ?? .null
  }
}

extension JSONValue: Encodable {
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .object(let members): try container.encode(members)
    case .array(let elements): try container.encode(elements)
    case .string(let text): try container.encode(text)
    case .number(let number): try container.encode(number)
    case .bool(let bool): try container.encode(bool)
    case .null: try container.encodeNil()
    }
  }

  /// The value on one line.
  public var serialized: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    // Encoding strings, whole numbers and containers of them has no way to fail.
    guard let data = try? encoder.encode(self) else { return "null" }
    return String(decoding: data, as: UTF8.self)
  }
}

extension JSONValue: ExpressibleByDictionaryLiteral, ExpressibleByArrayLiteral, ExpressibleByStringLiteral,
  ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral
{
  public init(dictionaryLiteral elements: (String, JSONValue)...) {
    self = .object(Dictionary(elements) { _, last in last })
  }
  public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
  public init(stringLiteral text: String) { self = .string(text) }
  public init(integerLiteral number: Int) { self = .number(number) }
  public init(booleanLiteral bool: Bool) { self = .bool(bool) }
}
