import Foundation
import LineEditor
import TerminalSupport
import Testing

/// Commands from files and pipes.
@Suite struct BatchReaderTests {
  private let probe: Probe

  init() throws { probe = try Probe() }

  private func file(_ bytes: [UInt8]) throws -> String {
    let path = probe.directory.appending(path: "script.kdbg").path
    try Data(bytes).write(to: URL(filePath: path))
    return path
  }

  private func read(_ text: String) throws -> [String] {
    let reader = try BatchReader.file(file(Array(text.utf8)))
    var lines: [String] = []
    while case .line(let line) = try reader.nextLine() { lines.append("\(reader.lineNumber) \(line)") }
    #expect(try reader.nextLine() == .endOfInput, "the end stays the end")
    return lines
  }

  @Test func linesAreCounted() throws {
    #expect(try read("cr3\n\nwalk 0\n") == ["1 cr3", "2 ", "3 walk 0"])
    #expect(try read("cr3") == ["1 cr3"])
    #expect(try read("cr3\r\ntss\r\n") == ["1 cr3", "2 tss"])
    #expect(try read("") == [])
    #expect(try read("\n") == ["1 "])
  }

  @Test func linesAcrossReadsAreWhole() throws {
    let lines = (0..<2000).map { "walk \($0)" }
    #expect(try read(lines.joined(separator: "\n")) == lines.enumerated().map { "\($0 + 1) \($1)" })
  }

  @Test func otherBytesAreReplaced() throws {
    let reader = try BatchReader.file(file([0x61, 0xff, 0x62, 0x0a]))
    #expect(try reader.nextLine() == .line("a\u{fffd}b"))
  }

  @Test func whatCannotBeReadIsNamed() throws {
    #expect(throws: BatchReader.Failure.cannotOpen(name: "/nonexistent", reason: "No such file or directory"))
    {
      _ = try BatchReader.file("/nonexistent")
    }
    let directory = try BatchReader.file("/tmp")
    let failure = BatchReader.Failure.cannotRead(name: "/tmp", reason: "Is a directory")
    #expect(throws: failure) { _ = try directory.nextLine() }
    #expect(failure.description == "/tmp: cannot be read: Is a directory")
    let endless = try BatchReader.file("/dev/zero")
    #expect(throws: BatchReader.Failure.lineTooLong(name: "/dev/zero", line: 1)) {
      _ = try endless.nextLine()
    }
  }

  @Test func waitingForALineCanBeInterrupted() throws {
    let terminal = try probe.batch()
    terminal.type("cr3\n")
    try terminal.expect("LINE 1 <cr3>")
    terminal.type(Key.controlC)
    try terminal.expect("INTERRUPTED")
    terminal.type("tss\n\(Key.controlD)")
    try terminal.expect("LINE 2 <tss>")
    try terminal.expect("END")
    #expect(try terminal.exitStatus() == 0)
  }
}
