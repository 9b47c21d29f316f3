import Foundation
import Testing

/// The sessions of the documents are what comes: with `RECORD_MANUALS=1` what does not fit is written anew, but for
/// blocks that leave lines out.
@Suite("the documents' transcripts")
struct TutorialTests {
  @Test("each is what the machine answers", arguments: ["docs/TUTORIAL.md", "docs/CI.md"])
  func transcripts(_ document: String) throws {
    let text = try String(contentsOfFile: Repository.path(document), encoding: .utf8)
    let parts = text.components(separatedBy: "\n```\n")
    try #require(parts.count > 2 && parts.count % 2 == 1)
    // Where something is typed, it may be an address of that build.
    let frames = text.contains("(kdbg) ") ? try Frames(shownIn: text) : nil
    var record = text
    for (index, block) in parts.enumerated() where index % 2 == 1 {
      let lines = block.components(separatedBy: "\n")
      let live = try live(lines, document, frames)
      if TranscriptForm.matches(TranscriptForm.lines(live)[...], TranscriptForm.lines(lines)[...]) {
        continue
      }
      if ProcessInfo.processInfo.environment["RECORD_MANUALS"] == "1", !lines.contains("...") {
        record = record.replacing(block, with: live.joined(separator: "\n"))
      } else {
        Issue.record("\(document) does not show what comes:\n\(live.joined(separator: "\n"))")
      }
    }
    if record != text {
      try record.write(toFile: Repository.path(document), atomically: true, encoding: .utf8)
    }
  }

  private func live(_ lines: [String], _ document: String, _ frames: Frames?) throws -> [String] {
    let typed = lines.map { frames?.typed($0) ?? $0 }
    if let session = ManualTranscript(typed, page: document), let start = session.start {
      let live = try ManualTranscript.live([session], arguments: start.command)
      return live.flatMap(\.lines)
    }
    return try #require(ShellTranscript(lines), "a block that is no session: \(lines.first ?? "")").live()
      .lines
  }
}

/// What docs/examples has for pipelines is what kdbg takes.
@Suite("the examples for CI")
struct PipelineExampleTests {
  /// Runs `command` in a directory of its own, with kdbg in the path and the kernel in build/, and gives the names of the
  /// files that it left.
  private func run(_ command: String) throws -> (Finished, [String]) {
    let folder = FileManager.default.temporaryDirectory.appending(path: "ci-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let build = String(Repository.buildFolder.dropLast())
    try FileManager.default.createSymbolicLink(
      atPath: folder.appending(path: "build").path, withDestinationPath: build)
    let finished = try BootTests.run(
      "sh", ["-c", "cd \"$0\" && PATH=\"$PWD/build:$PATH\" && \(command)", folder.path])
    return (finished, try FileManager.default.contentsOfDirectory(atPath: folder.path))
  }

  @Test("check-kernel.sh ends with the status of the check, and leaves a report and the console")
  func script() throws {
    let script = Repository.path("docs/examples/check-kernel.sh")
    let (healthy, left) = try run("\(script) build/kernel.elf --returns 3")
    #expect(healthy.status == Debugger.allHeld, "\(healthy.output)\(healthy.errors)")
    #expect(Set(left) == ["build", "kdbg.xml", "console.txt"])
    let (faulty, _) = try run("\(script) build/kernel.elf --fault rsp0-pml4")
    #expect(faulty.status == Debugger.violation)
    let (absent, _) = try run("\(script) no-such-kernel.elf")
    #expect(absent.status == Debugger.wrongUsage)
    #expect(absent.errors.contains("no-such-kernel.elf"), "what was wrong is not hidden in a file")
  }

  @Test("the line of the GitHub workflow")
  func workflow() throws {
    let text = try String(
      contentsOfFile: Repository.path("docs/examples/github-actions.yml"), encoding: .utf8)
    let lines = text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
    let line = try #require(lines.first { $0.hasPrefix("kdbg check ") })
    let (faulty, left) = try run("\(line) --fault rsp0-pml4")
    #expect(faulty.status == Debugger.violation, "\(faulty.errors)")
    #expect(faulty.output.contains("::error "))
    #expect(Set(left) == ["build", "kdbg.xml", "console.txt"])
  }
}

/// The two root tables that the page speaks of, in the build that it was written with and in this one.
private struct Frames {
  private let shown: [UInt64]
  private let now: [UInt64]

  init(shownIn text: String) throws {
    let run = try Debugger.run([
      "run", KernelBuild.release.path, "--initrd", Repository.initrd, "--fault", "rsp0-pml4", "--no-check",
      "--console",
      "/dev/null", "-e", "explain",
    ])
    shown = try Self.tables(text)
    now = try Self.tables(run.output)
  }

  private static func tables(_ text: String) throws -> [UInt64] {
    let match = try #require(
      text.firstMatch(of: /CR3 0x([0-9a-f]+), loaded +CR3 0x([0-9a-f]+), the kernel's own/), "\(text)")
    return [match.1, match.2].compactMap { UInt64($0, radix: 16) }
  }

  /// A typed line with the addresses of this build.
  func typed(_ line: String) -> String {
    guard line.hasPrefix("(kdbg) ") else { return line }
    return line.replacing(/0x([0-9a-f]+)/) { match in
      guard let value = UInt64(match.1, radix: 16), let table = shown.firstIndex(of: value & ~0xfff) else {
        return String(match.0)
      }
      return "0x" + String(now[table] | value & 0xfff, radix: 16)
    }
  }
}
