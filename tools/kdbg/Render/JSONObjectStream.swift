/// One object on one line, handed on piece by piece; or, for who wants it as a value, collected.
public struct JSONObjectStream {
  /// The object so far, where it is collected.
  public private(set) var members: [String: JSONValue] = [:]
  private let output: ((String) -> Void)?
  private var text = "{"
  private var isFirst = true
  /// What belongs to every object and was not written yet, by name: see ``JSONObject``.
  private var envelope: [(key: String, value: JSONValue)] = []

  private static let mostBytes = 1 << 14

  private init(output: ((String) -> Void)?) { self.output = output }

  static var collecting: JSONObjectStream { JSONObjectStream(output: nil) }

  /// The object of an answer to `command`, handed to `output` in pieces; ``finish()`` ends the line.
  public init(command: String, output: @escaping (String) -> Void) {
    self.init(output: output)
    envelope = [("command", .string(command)), ("schema", .number(JSONObject.schema))]
  }

  public mutating func member(_ key: String, _ value: JSONValue) {
    guard output != nil else {
      members[key] = value
      return
    }
    begin(key)
    append(value.serialized)
  }

  /// A member that is an array. `fill` gives its elements one by one.
  public mutating func list(_ key: String, _ fill: ((JSONValue) -> Void) -> Void) {
    guard output != nil else {
      var elements: [JSONValue] = []
      fill { elements.append($0) }
      members[key] = .array(elements)
      return
    }
    begin(key)
    append("[")
    var isFirst = true
    fill { element in
      append((isFirst ? "" : ",") + element.serialized)
      isFirst = false
    }
    append("]")
  }

  public mutating func finish() {
    writeEnvelope(before: nil)
    text += "}\n"
    output?(text)
    text = ""
  }

  private mutating func begin(_ key: String) {
    writeEnvelope(before: key)
    append((isFirst ? "" : ",") + JSONValue.string(key).serialized + ":")
    isFirst = false
  }

  private mutating func writeEnvelope(before key: String?) {
    while let next = envelope.first, key.map({ next.key < $0 }) ?? true {
      envelope.removeFirst()
      append((isFirst ? "" : ",") + JSONValue.string(next.key).serialized + ":" + next.value.serialized)
      isFirst = false
    }
  }

  private mutating func append(_ piece: String) {
    text += piece
    guard text.utf8.count >= Self.mostBytes else { return }
    output?(text)
    text = ""
  }
}
