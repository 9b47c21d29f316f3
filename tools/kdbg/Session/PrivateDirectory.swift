import Foundation

/// A directory that only this user can enter, for the sockets of one QEMU.
///
/// What a kdbg that was killed left behind, or a QEMU that outlived its kdbg, the next one removes.
final class PrivateDirectory: Sendable {
  let path: String
  /// Whoever holds this needs the directory.
  let claim: Descriptor

  private static let prefix = "kdbg-"
  /// The longest name that a socket in it may have.
  private static let longestName = 16

  /// In `TMPDIR`, or in /tmp where that would make a socket's path too long.
  init() throws(SessionError) {
    while true {
      let name = Self.prefix + String(UInt64.random(in: 0 ... .max), radix: 36)
      let wished = ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp"
      let fits = wished.utf8.count + name.utf8.count + Self.longestName + 2 <= Socket.longestPath
      let parent = fits ? wished : "/tmp"
      let path = "\(parent)/\(name)"
      do {
        // Refused when it is there already, whoever made it.
        try FileManager.default.createDirectory(
          atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
      } catch {
        throw .systemFailure(operation: "create the directory \(path)", errorNumber: errno)
      }
      if let claim = DirectoryClaim.make(in: path) {
        self.path = path
        self.claim = claim
        Self.removeForgotten(in: parent)
        return
      }
      // Another kdbg cleaned up between the two steps; any other reason will be the next directory's too.
      let cause = errno
      guard Descriptor.kind(ofFile: path) == .absent else {
        try? FileManager.default.removeItem(atPath: path)
        throw .systemFailure(operation: "lock the directory \(path)", errorNumber: cause)
      }
    }
  }

  deinit { remove() }

  func remove() { try? FileManager.default.removeItem(atPath: path) }

  /// Removes the directories whose owners are gone.
  private static func removeForgotten(in parent: String) {
    for name in (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? []
    where name.hasPrefix(prefix) {
      let path = "\(parent)/\(name)"
      // Held until it is gone, so that two never remove the same.
      guard let claim = DirectoryClaim.takeOver(path) else { continue }
      try? FileManager.default.removeItem(atPath: path)
      _ = claim
    }
  }
}
