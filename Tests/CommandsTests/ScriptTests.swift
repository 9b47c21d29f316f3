import Foundation
import Testing

@testable import Commands

/// source, assert, expect, echo, and the lines of gdb's scripts.
@Suite struct ScriptTests {
  /// `files` in a folder of their own, which stands as DIR in the commands and in what comes out.
  private func transcript(
    _ files: [String: String], _ commands: [String], onFailure policy: Interpreter.FailurePolicy = .stop
  ) throws -> String {
    let folder = FileManager.default.temporaryDirectory.appending(path: "scripts-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    for (name, text) in files {
      try text.replacing("DIR", with: folder.path)
        .write(to: folder.appending(path: name), atomically: true, encoding: .utf8)
    }
    let lines = commands.map { $0.replacing("DIR", with: folder.path) }
    let text =
      Transcript(RunningExample.make()).run(lines, onFailure: policy) + "\n"
      + Transcript(RunningExample.make()).run(lines, .json, onFailure: policy)
    return text.replacing(folder.path, with: "DIR")
  }

  @Test func aScriptRunsOthersAndEndsAtAFailure() throws {
    expectGolden(
      try transcript(
        [
          "outer": "# a remark\n\necho before\nsource DIR/inner\necho never\n",
          "inner": "print 1\r\nprint 2 +\necho never\n",
        ], ["source DIR/outer", "echo the session goes on", "source DIR/nothing", "source"]), "script-failure"
    )
  }

  @Test func keptGoing() throws {
    expectGolden(
      try transcript(
        ["outer": "source DIR/inner\necho and on", "inner": "assert 0\necho on\nassert 1 == 2\n"],
        ["source DIR/outer"], onFailure: .goOn), "script-kept-going")
  }

  @Test func filesInOneAnotherHaveAnEnd() throws {
    let text = try transcript(["self": "source DIR/self\n"], ["source DIR/self"])
    #expect(text.contains("! DIR/self:1: source: more than 20 files in one another\n"))
  }

  @Test func quitEndsTheScript() throws {
    let machine = RunningExample.make()
    let interpreter = Interpreter(
      Debugger(target: machine, program: nil, output: Output(format: .json, out: { _ in }, error: { _ in })))
    let file = FileManager.default.temporaryDirectory.appending(path: "quit-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: file) }
    try "quit\nassert 0\n".write(to: file, atomically: true, encoding: .utf8)
    #expect(interpreter.run("source \(file.path)") == .finished)
    #expect(interpreter.isFinished && interpreter.status == .held)
  }

  @Test func assertions() {
    expectGolden(
      Transcript.both(
        [
          "assert 1", "assert $rip == return_to_ring3 + 0x20", "assert 0", "assert 1 > 2",
          "assert $cs == 0x33, in Ring 3",
          "assert 0, 'a, b'", "assert 0 && 1 == 2", "assert", "assert ,", "assert nobody",
          "assert 'f(a, b)' == 1, x",
          "assert *0xffffc90000000000",
        ], RunningExample.make), "assert")
  }

  @Test func expectations() {
    expectGolden(
      Transcript.both(
        [
          "expect anything", "tss", "expect RSP0 0xffffc90000005000 top", "echo RSP9", "assert 1",
          "expect --not RSP9",
          "expect RSP9", "expect --not RSP0", #"expect /^  IST[12] /"#, "expect /^IST/", "expect /(/",
          "expect //",
          "expect", "expect --not", "expect --loud RSP0", "expect --console boot", "nonsense", "expect IOPB",
        ], RunningExample.make), "expect")
  }

  @Test func theConsole() {
    let machine = RunningExample.make()
    let console = FakeConsole(["boo", "boot: ", "boot: ready\n"])
    let text = Transcript(machine, console: console).run([
      "expect --console boot: ready", "expect --not --console panic", "expect --console --not /^boot/",
    ])
    expectGolden(text, "expect-console")
  }

  @Test func echo() {
    expectGolden(
      Transcript.both(
        ["echo", #"echo a\tb \\ c\n"#, "echo /proc/x y", #"echo one\ntwo"#], RunningExample.make), "echo")
  }

  @Test func linesOfOtherDebuggers() {
    expectGolden(
      Transcript.both(
        [
          "set pagination off", "set confirm off", "target remote :1234", "layout asm", "target sim",
          "shell ls",
        ],
        RunningExample.make), "foreign-lines")
  }
}

/// A console that says a little more each time that somebody waits.
final class FakeConsole: GuestConsoleLog, @unchecked Sendable {
  private var texts: [String]

  init(_ texts: [String]) { self.texts = texts }

  var text: String { texts[0] }
  func waitBriefly() { if texts.count > 1 { texts.removeFirst() } }
}
