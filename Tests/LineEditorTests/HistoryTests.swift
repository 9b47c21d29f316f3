import Foundation
import LineEditor
import TerminalSupport
import Testing

/// Lines kept from one run to the next.
@Suite struct HistoryTests {
  private let probe: Probe

  init() throws { probe = try Probe() }

  private func lines() throws -> [Substring] {
    try String(contentsOfFile: probe.historyFile, encoding: .utf8).split(separator: "\n")
  }

  private func run(_ commands: String...) throws {
    let terminal = try probe.edit()
    for command in commands {
      terminal.type(command + Key.enter)
      try terminal.expect("LINE <")
      try terminal.expect("kdbg> ")
    }
    terminal.type(Key.controlD)
    #expect(try terminal.exitStatus() == 0)
  }

  @Test func linesAreKeptOnceAndBlankOnesNot() throws {
    try run("cr3", "cr3", "", "   ", "walk 0", "cr3")
    #expect(try lines() == ["cr3", "walk 0", "cr3"])
  }

  @Test func onlyTheOwnerMayRead() throws {
    try run("cr3")
    let attributes = try FileManager.default.attributesOfItem(atPath: probe.historyFile)
    #expect(attributes[.posixPermissions] as? Int == 0o600)
    let directory = (probe.historyFile as NSString).deletingLastPathComponent
    #expect(try FileManager.default.attributesOfItem(atPath: directory)[.posixPermissions] as? Int == 0o700)
  }

  @Test func theNextRunRemembers() throws {
    try run("walk 0xffffffff80000000")
    let terminal = try probe.edit()
    terminal.type(Key.up + Key.enter)
    try terminal.expect("LINE <walk 0xffffffff80000000>")
  }

  /// A killed debugger has its lines already on disk.
  @Test func aKilledRunIsRememberedToo() throws {
    let terminal = try probe.edit()
    terminal.type("tss\(Key.enter)")
    try terminal.expect("kdbg> ")
    terminal.send(SIGKILL)
    _ = try terminal.exitStatus()
    #expect(try lines() == ["tss"])
  }

  @Test func theFileIsBounded() throws {
    let directory = (probe.historyFile as NSString).deletingLastPathComponent
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    let many = (0..<1500).map { "walk \($0)\n" }.joined()
    try many.write(toFile: probe.historyFile, atomically: true, encoding: .utf8)
    try run("cr3")
    let kept = try lines()
    #expect(kept.count == 1001, "cut to 1,000 when it was read, and one line more")
    #expect(kept.last == "cr3")
    #expect(kept.first == "walk 500")
  }

  /// Where nothing can be written the prompt works all the same.
  @Test func anImpossibleFileIsNoError() throws {
    try Data().write(to: probe.directory.appending(path: "state"))
    try run("cr3")
    #expect(!FileManager.default.fileExists(atPath: probe.historyFile))
  }
}
