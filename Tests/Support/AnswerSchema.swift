import Foundation

/// docs/schema/kdbg-1.json: the shape of each command's answer.
public struct AnswerSchema {
  /// By the name of the command; ``failure`` and ``remark`` among them.
  public private(set) var shapes: [String: JSONShape] = [:]

  /// What every command says when it fails, and of a line that is passed over.
  public static let failure = "(failure)"
  public static let remark = "(remark)"

  public static let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "docs/schema/kdbg-1.json")

  /// True where `RECORD_SCHEMA=1` asks for the file to be written.
  public static var isRecording: Bool { ProcessInfo.processInfo.environment["RECORD_SCHEMA"] == "1" }

  public init() {}

  /// The schema as it stands in docs/.
  public static func committed() throws -> AnswerSchema {
    let document = try JSONDecoder().decode(JSONDocument.self, from: try Data(contentsOf: file))
    var schema = AnswerSchema()
    if case .object(let definitions)? = document["$defs"] {
      schema.shapes = definitions.mapValues(JSONShape.init(schema:))
    }
    return schema
  }

  /// The objects among `lines`.
  public static func objects(in lines: some Sequence<some StringProtocol>) -> [JSONDocument] {
    lines.filter { $0.hasPrefix("{\"") }.compactMap {
      try? JSONDecoder().decode(JSONDocument.self, from: Data($0.utf8))
    }
  }

  private static func name(of answer: JSONDocument) -> String? {
    if answer["error"] != nil { return failure }
    return answer["remark"] != nil ? remark : answer["command"]?.text
  }

  public mutating func join(_ answer: JSONDocument) {
    guard let name = Self.name(of: answer) else { return }
    shapes[name, default: JSONShape()].join(answer)
  }

  /// Where `answer` is not as the schema has it.
  public func misfits(of answer: JSONDocument) -> [String] {
    guard let name = Self.name(of: answer) else { return ["an object without command"] }
    return shapes[name]?.misfits(of: answer, at: name) ?? ["\(name) is not in the schema"]
  }

  /// The file's text.
  public var text: String {
    let names = shapes.keys.sorted()
    let definitions = names.map { "    \"\($0)\": " + (shapes[$0] ?? JSONShape()).schema(indent: "    ") }
    return """
      {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "What kdbg --json prints: one object on a line for each command, its shape by the member command",
        "$comment": "Members may be added under the same number; a member that changes its meaning changes the number.",
        "anyOf": [
      \(names.map { "    { \"$ref\": \"#/$defs/\($0)\" }" }.joined(separator: ",\n"))
        ],
        "$defs": {
      \(definitions.joined(separator: ",\n"))
        }
      }

      """
  }
}
