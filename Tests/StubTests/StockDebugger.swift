import Foundation
import TerminalSupport
import Testing

/// A fake machine with a program in it, under a stub on a pseudo-terminal, and gdb as Debian has it.
final class StockDebugger {
  private let directory: URL
  private let server = Process()
  private let keepAlive = Pipe()
  private let terminal: String
  private var log: URL { directory.appending(path: "packets") }
  private var program: URL { directory.appending(path: "program") }

  struct Failed: Error, CustomStringConvertible {
    let description: String
  }

  /// Assembles the program and starts the machine.
  init() throws {
    directory = FileManager.default.temporaryDirectory.appending(path: "stub-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    let source = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Program/counter.S")
    let image = directory.appending(path: "image")
    let object = directory.appending(path: "program")
    _ = try Self.run(
      "cc",
      [
        "-g", "-nostdlib", "-static", "-Wl,-Ttext=0x100000", "-Wl,--build-id=none", "-o", object.path,
        source.path,
      ])
    _ = try Self.run("objcopy", ["-O", "binary", "-j", ".text", object.path, image.path])
    let own = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
    server.executableURL = own.deletingLastPathComponent().appending(path: "StubServer")
    server.arguments = [image.path, directory.appending(path: "packets").path]
    let output = Pipe()
    server.standardInput = keepAlive
    server.standardOutput = output
    try server.run()
    let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
    guard line.hasPrefix("/dev/") else { throw Failed(description: "the machine does not start: \(line)") }
    terminal = line.trimmingCharacters(in: .whitespacesAndNewlines)
  }

  deinit {
    try? keepAlive.fileHandleForWriting.close()
    server.waitUntilExit()
    try? FileManager.default.removeItem(at: directory)
  }

  /// Runs `script` after `target remote`; gives what gdb printed, both streams, without the places of source lines.
  func run(_ script: String) throws -> String {
    let file = directory.appending(path: "script")
    let text = "set width 0\nset confirm off\ntarget remote \(terminal)\n" + script
    try text.write(to: file, atomically: true, encoding: .utf8)
    return try Self.run(
      "timeout", ["-k", "1", "60", "gdb", "-nx", "-q", "-batch", "-x", file.path, program.path], mayFail: true
    )
    .replacing(/Remote debugging using .*\n/, with: "").replacing(terminal, with: "TERMINAL")
  }

  /// gdb at a terminal, attached, with one command typed.
  func type(_ command: String) throws -> PseudoTerminal {
    let gdb = try PseudoTerminal([
      "/usr/bin/gdb", "-nx", "-q", "-ex", "set confirm off", "-ex", "set pagination off", "-ex",
      "target remote \(terminal)", program.path,
    ])
    try gdb.expect("(gdb) ", seconds: 30)
    gdb.type(command + "\n")
    return gdb
  }

  /// Every packet of the client's so far, `<` and the payload; replies begin with `>`.
  func packets() throws -> [Substring] {
    String(decoding: try Data(contentsOf: log), as: UTF8.self).split(separator: "\n")
      .filter { $0.hasPrefix("< ") || $0.hasPrefix("> ") }
  }

  private static func run(
    _ program: String, _ arguments: [String], mayFail: Bool = false
  ) throws -> String {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [program] + arguments
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    process.standardInput = FileHandle.nullDevice
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard mayFail || process.terminationStatus == 0 else { throw Failed(description: "\(program): \(text)") }
    return text
  }
}
