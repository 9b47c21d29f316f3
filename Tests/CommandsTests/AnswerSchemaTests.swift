import Commands
import Foundation
import TestSupport
import Testing

/// docs/schema/kdbg-1.json holds what the golden files show of every command.
///
/// `RECORD_SCHEMA=1 swift test --filter AnswerSchemaTests` writes it from them; the change is then read in the diff.
@Suite struct AnswerSchemaTests {
  private static func answers() throws -> [JSONDocument] {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden")
    let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
    return try files.flatMap { file in
      AnswerSchema.objects(in: try String(contentsOf: file, encoding: .utf8).split(separator: "\n"))
    }
  }

  @Test func everyAnswerIsInTheSchema() throws {
    let answers = try Self.answers()
    if AnswerSchema.isRecording {
      var schema = AnswerSchema()
      for answer in answers { schema.join(answer) }
      try schema.text.write(to: AnswerSchema.file, atomically: true, encoding: .utf8)
      return
    }
    let schema = try AnswerSchema.committed()
    #expect(answers.count > 100)
    for misfit in Set(answers.flatMap(schema.misfits)) { Issue.record("\(misfit)") }
  }

  @Test func everyCommandIsInTheSchema() throws {
    // They end a session or run another's commands, and have no answer of their own.
    let silent: Set = ["quit", "source"]
    let known = Set(try AnswerSchema.committed().shapes.keys)
    for command in CommandTable.standard.commands where !silent.contains(command.names[0]) {
      #expect(known.contains(command.names[0]))
    }
  }
}

@Suite struct JSONShapeTests {
  private func document(_ text: String) throws -> JSONDocument {
    try JSONDecoder().decode(JSONDocument.self, from: Data(text.utf8))
  }

  private func shape(_ texts: String...) throws -> JSONShape {
    var shape = JSONShape()
    for text in texts { shape.join(try document(text)) }
    // What was written and read again is the same.
    return JSONShape(schema: try document(shape.schema(indent: "")))
  }

  @Test func whatWasJoinedFits() throws {
    let texts = [#"{"a":"0x1f","b":[1],"c":null}"#, #"{"a":null,"b":[],"d":{"e":true}}"#]
    let both = try shape(texts[0], texts[1])
    for text in texts { #expect(both.misfits(of: try document(text)).isEmpty) }
  }

  @Test func whatDoesNotFitIsNamed() throws {
    let one = try shape(#"{"a":"0x1f","b":[1],"c":null,"d":{"e":true}}"#)
    func misfits(_ text: String) throws -> [String] { one.misfits(of: try document(text)) }
    #expect(try misfits(#"{"a":"zwölf","b":[1],"c":null,"d":{"e":true}}"#) == [".a is string"])
    #expect(
      try misfits(#"{"a":"0x1f","b":["x"],"c":null,"d":{"e":1}}"#) == [".b[] is string", ".d.e is integer"])
    #expect(
      try misfits(#"{"a":"0x1f","b":[],"c":null,"d":{},"f":1}"#) == [
        ".d.e is missing", ".f is not in the schema",
      ])
    #expect(try misfits("[]") == [" is array"])
  }

  @Test func aTextMayLookLikeANumber() throws {
    let text = try shape(#"["a"]"#)
    #expect(text.misfits(of: try document(#"["0x12"]"#)).isEmpty)
  }
}
