import Foundation

/// A directory that only this user can enter, for the sockets of one QEMU.
final class PrivateDirectory: Sendable {
  let path: String

  /// The longest name that a socket in it may have.
  private static let longestName = 16

  /// In `TMPDIR`, or in /tmp where that would make a socket's path too long.
  init() throws(SessionError) {
    let name = "kdbg-\(String(UInt64.random(in: 0 ... .max), radix: 36))"
    let wished = ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp"
    let fits = wished.utf8.count + name.utf8.count + Self.longestName + 2 <= Socket.longestPath
    path = "\(fits ? wished : "/tmp")/\(name)"
    do {
      // Refused when it is there already, whoever made it.
      try FileManager.default.createDirectory(
        atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    } catch {
      throw .systemFailure(operation: "create the directory \(path)", errorNumber: errno)
    }
  }

  deinit { remove() }

  func remove() { try? FileManager.default.removeItem(atPath: path) }
}
