import Foundation

/// What `make build` and `make debug-kernel` leave, found from where this file stands.
enum Artifact {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  struct Missing: Error, CustomStringConvertible {
    let name: String
    var description: String { "\(name) is missing: run make build debug-kernel" }
  }

  /// The path of `name`, which must exist: without it nothing would be checked.
  static func path(_ name: String) throws -> String {
    let path = root.appending(path: name).path
    guard FileManager.default.fileExists(atPath: path) else { throw Missing(name: name) }
    return path
  }
}

/// A program of binutils, or cpio, and what it printed.
enum Tool {
  struct Failure: Error, CustomStringConvertible {
    let command: String
    let status: Int32
    var description: String { "\(command) ended with status \(status)" }
  }

  static func run(_ program: String, _ arguments: [String], input: String? = nil, in directory: String? = nil)
    throws -> Data
  {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [program] + arguments
    if let directory { process.currentDirectoryURL = URL(filePath: directory) }
    process.standardInput = try input.map { try FileHandle(forReadingFrom: URL(filePath: $0)) }
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let data = try output.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw Failure(
        command: ([program] + arguments).joined(separator: " "), status: process.terminationStatus)
    }
    return data
  }

  static func lines(_ program: String, _ arguments: [String]) throws -> [String] {
    try run(program, arguments).split(separator: UInt8(ascii: "\n")).map {
      String(decoding: $0, as: UTF8.self)
    }
  }
}
