import Commands
import Foundation

/// docs/commands/: a page for each of kdbg's commands, from the manual that `help` shows.
enum CommandPages {
  /// Writes every page, and removes those of commands that are no more.
  static func write(into folder: URL) throws {
    let pages = ManualDocument().pages
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    for name in try FileManager.default.contentsOfDirectory(atPath: folder.path)
    where name.hasSuffix(".md") && pages[name] == nil {
      try FileManager.default.removeItem(at: folder.appending(path: name))
    }
    for (name, text) in pages {
      try text.write(to: folder.appending(path: name), atomically: true, encoding: .utf8)
    }
  }
}
