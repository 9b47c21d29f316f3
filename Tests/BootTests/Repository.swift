import Foundation
import Testing

/// What `make` built, found from where this file stands.
enum Repository {
  static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  static func path(_ relative: String) -> String { root.appending(path: relative).path }

  static let kdbg = path("build/kdbg")
  static let initrd = path("build/initrd")

  /// True for the tests that take minutes (`make test-long`).
  static let runsLongTests = ProcessInfo.processInfo.environment["RINGSIDE_LONG_TESTS"] != nil
}

/// Both builds of the kernel: what holds in one must hold in the other.
enum KernelBuild: String, CaseIterable, Sendable, CustomTestStringConvertible {
  case release = "build/kernel.elf"
  case debug = "build/debug/kernel.elf"

  var path: String { Repository.path(rawValue) }
  var testDescription: String { self == .release ? "release" : "debug" }
}
