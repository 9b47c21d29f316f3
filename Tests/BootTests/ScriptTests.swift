import Foundation
import Testing

@Suite("scripts that are tests")
struct ScriptTests {
  private func run(_ script: String, _ options: [String] = []) throws -> Finished {
    let file = FileManager.default.temporaryDirectory.appending(path: "script-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: file) }
    try script.write(to: file, atomically: true, encoding: .utf8)
    let finished = try Debugger.run(["run", KernelBuild.release.path, "-x", file.path] + options)
    return Finished(
      status: finished.status, output: finished.output,
      errors: finished.errors.replacing(file.path, with: "FILE"), timedOut: finished.timedOut)
  }

  @Test("what holds is status 0, and the console can be looked at")
  func held() throws {
    let session = try run(
      """
      assert *($rsp + 8) == 0x33
      c
      expect /^The machine ended with status 33/
      expect --console BASELINE PASSED
      expect --console --not panic
      """)
    #expect(session.status == Debugger.allHeld, "\(session.output)\(session.errors)")
    #expect(session.errors == "")
  }

  @Test(
    "what does not hold is status 1, with file and line",
    arguments: [
      ("# stacks\nassert $cr8 == 15\necho never\n", "FILE:2: assertion failed: $cr8 == 15 (0x0 == 0xf)\n"),
      ("tss\nexpect RSP9\necho never\n", "FILE:2: assertion failed: the last answer does not say: RSP9\n"),
    ])
  func failed(_ row: (script: String, message: String)) throws {
    let session = try run(row.script)
    #expect(session.status == Debugger.violation)
    #expect(session.errors == row.message)
    #expect(!session.output.contains("never"))
  }

  @Test("a line that is wrong is status 2, and a failed assertion weighs more")
  func wrong() throws {
    let session = try run("walk\n")
    #expect(session.status == Debugger.wrongUsage)
    #expect(session.errors == "FILE:1: usage: walk ADDRESS [CR3]\n")
    let both = try run("assert 0\nwalk\necho last\n", ["--keep-going"])
    #expect(both.status == Debugger.violation)
    #expect(both.errors.contains("FILE:1: ") && both.errors.contains("FILE:2: "))
    #expect(both.output.hasSuffix("last\n"))
  }

  @Test("in JSON the object of a failure names file and line")
  func json() throws {
    let session = try run("assert 1\nassert 0\n", ["--json", "--no-check"])
    #expect(session.status == Debugger.violation)
    let last = try #require(session.output.split(separator: "\n").last)
    let object = try #require(try JSONSerialization.jsonObject(with: Data(last.utf8)) as? [String: Any])
    #expect(object["line"] as? Int == 2)
    #expect(object["error"] as? String == "assertion failed: 0")
  }
}
