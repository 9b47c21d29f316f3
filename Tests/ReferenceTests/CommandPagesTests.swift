import Commands
import Foundation
import Testing

@testable import reference

@Suite struct CommandPagesTests {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "docs/commands")

  @Test func theCommittedPagesAreTheGeneratedOnes() throws {
    let pages = ManualDocument().pages
    #expect(pages.count == CommandTable.standard.commands.count + 1)
    let committed = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
    #expect(Set(committed) == Set(pages.keys), "run make reference")
    for (name, text) in pages {
      let file = try? String(contentsOf: Self.folder.appending(path: name), encoding: .utf8)
      #expect(file == text, "\(name): run make reference")
    }
  }

  @Test func whatNoCommandHasIsRemoved() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "pages-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try "old".write(to: folder.appending(path: "nothing.md"), atomically: true, encoding: .utf8)
    try CommandPages.write(into: folder)
    let written = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    #expect(Set(written) == Set(ManualDocument().pages.keys))
  }
}
