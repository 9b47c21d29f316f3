import Foundation
import Symbols

/// Small programs made by the system's C compiler, each in a directory of its own that goes with it.
final class Fixture {
  let directory: URL
  var program: String { directory.appending(path: "program").path }

  struct CompilerFailed: Error { let message: String }

  /// Compiles and links `source`, without any library and at a kernel's address, unless `arguments` say
  /// otherwise.
  init(_ source: String, language: Language = .assembly, arguments: [String] = Fixture.kernelArguments) throws
  {
    directory = FileManager.default.temporaryDirectory.appending(path: "symbols-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    try source.write(
      to: directory.appending(path: "source.\(language.rawValue)"), atomically: true, encoding: .utf8)
    try run("gcc", arguments + ["-o", "program", "source.\(language.rawValue)"])
  }

  deinit { try? FileManager.default.removeItem(at: directory) }

  enum Language: String {
    case assembly = "S"
    case c = "c"
    case cpp = "cc"
  }

  /// Text at an address of the upper half, as a kernel's linker script places it.
  static let kernelArguments = [
    "-g", "-nostdlib", "-static", "-no-pie", "-fno-pic", "-mcmodel=kernel", "-Wl,-Ttext=0xffffffff80000000",
    "-Wl,--build-id=0x0123456789abcdef", "-Wl,-e,start",
  ]

  func image() throws -> ELFImage { try ELFImage(path: program) }

  /// Writes a file beside the program and gives its path.
  func write(_ name: String, _ bytes: [UInt8]) throws -> String {
    let file = directory.appending(path: name)
    try Data(bytes).write(to: file)
    return file.path
  }

  func programBytes() throws -> [UInt8] { try [UInt8](Data(contentsOf: URL(filePath: program))) }

  /// Runs a tool in the fixture's directory.
  func run(_ tool: String, _ arguments: [String]) throws {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [tool] + arguments
    process.currentDirectoryURL = directory
    let errors = Pipe()
    process.standardError = errors
    try process.run()
    let message = errors.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw CompilerFailed(message: String(decoding: message, as: UTF8.self))
    }
  }
}
