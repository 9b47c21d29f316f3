import Foundation
import TestSupport
import Testing

/// The examples of the manuals are what kdbg prints.
///
/// `RECORD_MANUALS=1 swift test --filter ManualTests` writes what does not fit into the manuals anew; `make reference`
/// then brings docs/commands up to date, and the change is read in the diff.
@Suite("the manuals' transcripts")
struct ManualTests {
  private static let recording = ProcessInfo.processInfo.environment["RECORD_MANUALS"] == "1"

  /// Sessions that share a machine: those without a beginning of their own share one, each other has its own.
  @Test("each is what the machine answers")
  func transcripts() throws {
    let sessions = try ManualTranscript.all()
    let shared = sessions.filter { $0.start == nil }
    #expect(!shared.isEmpty)
    compare(shared, with: try ManualTranscript.live(shared, arguments: "run build/kernel.elf"))
    // Commands of one kind share a page.
    var seen: Set<[String]> = []
    for session in sessions {
      guard let start = session.start, seen.insert(session.lines).inserted else { continue }
      compare([session], with: try ManualTranscript.live([session], arguments: start.command))
    }
  }

  /// With `RECORD_SCHEMA=1`, after the same for AnswerSchemaTests, what is new is written there.
  @Test("each command answers in JSON as docs/schema says")
  func answers() throws {
    let sessions = try ManualTranscript.all()
    var lines = try ManualTranscript.answers(
      sessions.filter { $0.start == nil }, arguments: "run build/kernel.elf")
    var seen: Set<[String]> = []
    for session in sessions {
      guard let start = session.start, seen.insert(session.lines).inserted else { continue }
      lines += try ManualTranscript.answers([session], arguments: start.command)
    }
    let answers = AnswerSchema.objects(in: lines)
    #expect(answers.count > sessions.count)
    var schema = try AnswerSchema.committed()
    if AnswerSchema.isRecording {
      for answer in answers { schema.join(answer) }
      try schema.text.write(to: AnswerSchema.file, atomically: true, encoding: .utf8)
      return
    }
    for misfit in Set(answers.flatMap(schema.misfits)).sorted() { Issue.record("\(misfit)") }
  }

  private func compare(_ written: [ManualTranscript], with live: [ManualTranscript]) {
    for (old, new) in zip(written, live) {
      let shown = TranscriptForm.lines(old.lines)
      let came = TranscriptForm.lines(new.lines)
      if TranscriptForm.matches(came[...], shown[...]) { continue }
      if Self.recording {
        #expect(throws: Never.self) { try Self.record(old, new) }
      } else {
        Issue.record("help \(old.page) does not show what comes:\n\(new.lines.joined(separator: "\n"))")
      }
    }
  }

  /// Puts the lines of `new` where those of `old` stand in the sources.
  private static func record(_ old: ManualTranscript, _ new: ManualTranscript) throws {
    let folder = URL(filePath: Repository.path("tools/kdbg/Commands/Manuals"))
    func text(_ lines: [String]) -> String {
      lines.map { $0.isEmpty ? "\n" : String(repeating: " ", count: 10) + $0 + "\n" }.joined()
    }
    for file in try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil) {
      let source = try String(contentsOf: file, encoding: .utf8)
      let changed = source.replacing(text(old.lines), with: text(new.lines))
      if changed != source { try changed.write(to: file, atomically: true, encoding: .utf8) }
    }
  }
}

/// What makes two builds comparable hides nothing else.
@Suite struct TranscriptFormTests {
  private func fits(_ came: [String], _ shown: [String]) -> Bool {
    TranscriptForm.matches(TranscriptForm.lines(came)[...], TranscriptForm.lines(shown)[...])
  }

  @Test func aBuildMayMoveTheKernel() {
    #expect(
      fits(
        ["0xffffffff80104000 <f+0x1>", "=> 0xffffffff80104000"],
        ["0xffffffff80105000 <f+0x2>", "=> 0xffffffff80105000"]))
    #expect(
      !fits(["0xffffffff80104000", "0xffffffff80104000"], ["0xffffffff80105000", "0xffffffff80105001"]))
  }

  @Test func framesAreNamesAndFlagsAreNot() {
    #expect(fits(["0x8000000000303063 0x303000"], ["0x8000000000404063 0x404000"]))
    #expect(!fits(["0x8000000000303063"], ["0x0000000000404063"]))
    #expect(!fits(["0x8000000000303063 0x303000"], ["0x8000000000404063 0x405000"]))
    #expect(!fits(["0x303063"], ["0x303061"]))
  }

  @Test func aListedLineMayHaveAnotherNumber() {
    #expect(fits(["=> 12\tiretq", "   13\tret"], ["=> 7\tiretq", "8\tret"]))
    #expect(!fits(["=> 12\tiretq"], ["=> 12\tsysretq"]))
    #expect(!fits(["=> 12\tiretq"], ["   12\tiretq"]))
  }

  @Test func everythingElseCounts() {
    #expect(!fits(["0xffffc90000005000"], ["0xffffc90000006000"]))
    #expect(!fits(["0x10000019"], ["0x10000018"]))
    #expect(!fits(["one"], ["two"]))
    #expect(!fits(["one", "two"], ["one"]))
    #expect(!fits(["one"], ["one", "two"]))
  }

  @Test func threeDotsLeaveLinesOut() {
    #expect(fits(["one", "two", "three"], ["one", "...", "three"]))
    #expect(fits(["one", "two", "three"], ["one", "..."]))
    #expect(!fits(["one", "two", "three"], ["one", "...", "four"]))
    #expect(!fits(["one", "two", "three"], ["...", "two"]))
  }
}
