import Foundation

/// A file that a run leaves behind. It is looked at before anything is started, and written whole or not at all.
struct ReportFile {
  private let path: String

  /// Throws where nothing can be written there.
  init(_ path: String) throws {
    self.path = path
    let folder = URL(filePath: path).deletingLastPathComponent().path
    if Self.isFolder(path) { throw Ending(.usage, "\(path): is a directory") }
    guard Self.isFolder(folder) else { throw Ending(.usage, "\(path): there is no directory \(folder)") }
    if FileManager.default.fileExists(atPath: path), !FileManager.default.isWritableFile(atPath: path) {
      throw Ending(.usage, "\(path): cannot be written")
    }
    // The text goes into a file beside it first, which takes the other's place.
    guard FileManager.default.isWritableFile(atPath: folder) else {
      throw Ending(.usage, "\(path): cannot be written")
    }
  }

  private static func isFolder(_ path: String) -> Bool {
    (try? URL(filePath: path).resourceValues(forKeys: [.isDirectoryKey]))?.isDirectory ?? false
  }

  func write(_ text: String) throws {
    do {
      try Data(text.utf8).write(to: URL(filePath: path), options: .atomic)
    } catch {
      throw Ending(.usage, "\(path): could not be written")
    }
  }
}
