import Foundation
import Testing

/// What `make` built: in `RINGSIDE_BUILD`, or in build/, found from where this file stands.
enum Repository {
  static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  static func path(_ relative: String) -> String { root.appending(path: relative).path }

  private static let build =
    ProcessInfo.processInfo.environment["RINGSIDE_BUILD"].map { URL(filePath: $0) }
    ?? root.appending(path: "build")

  /// A product of the build.
  static func product(_ name: String) -> String { build.appending(path: name).path }

  /// The same without a name, up to the last slash.
  static let buildFolder = String(product("kdbg").dropLast("kdbg".count))

  static let kdbg = product("kdbg")
  static let initrd = product("initrd")

  /// True for the tests that take minutes (`make test-long`).
  static let runsLongTests = ProcessInfo.processInfo.environment["RINGSIDE_LONG_TESTS"] != nil
}

/// Both builds of the kernel: what holds in one must hold in the other.
enum KernelBuild: String, CaseIterable, Sendable, CustomTestStringConvertible {
  case release = "kernel.elf"
  case debug = "debug/kernel.elf"

  var path: String { Repository.product(rawValue) }
  var testDescription: String { self == .release ? "release" : "debug" }
}

extension KernelBuild {
  /// Where a symbol of the kernel's is.
  func address(of symbol: String) throws -> UInt64 {
    let line = try run("nm", [path]).lines.first { $0.hasSuffix(" " + symbol) }
    return try #require(line.flatMap { UInt64($0.prefix { $0 != " " }, radix: 16) })
  }
}
