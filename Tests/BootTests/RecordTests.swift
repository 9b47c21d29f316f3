import Foundation
import Testing

/// QEMU's own log as the second witness of a chain.
@Suite("kdbg record")
struct RecordTests {
  private func explain(_ fault: String, _ commands: [String]) throws -> Finished {
    try Debugger.run(
      ["run", KernelBuild.release.path, "--fault", fault, "--stop", "none", "--json"]
        + (["record on", "check off"] + commands + ["explain", "record off", "record", "quit"])
        .flatMap { ["-e", $0] })
  }

  /// The answer to `explain`, of all that was printed.
  private func explanation(_ session: Finished) throws -> [String: Any] {
    let answers = session.output.split(separator: "\n").compactMap { line in
      try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
    }
    #expect(answers.last { $0["command"] as? String == "record" }?["recording"] as? Bool == false)
    return try #require(
      answers.first { $0["command"] as? String == "explain" }, "\(session.output)\(session.errors)")
  }

  @Test(
    "the recorded chain agrees with the replayed one",
    arguments: [
      (fault: "rsp0-pml4", stop: ["break trap_stubs+0x80", "continue"], end: "(error 0x0)"),
      (fault: "rsp0-pte,dfnoist", stop: ["continue"], end: "-> shutdown"),
    ])
  func agrees(_ row: (fault: String, stop: [String], end: String)) throws {
    let session = try explain(row.fault, row.stop)
    let answer = try explanation(session)
    #expect(answer["agrees"] as? Bool == true, "\(session.output)")
    let recorded = try #require(answer["recorded"] as? [[String: Any]])
    #expect(recorded.map { $0["vector"] as? Int } == [0x80, 14, 8])
    #expect(recorded[1]["cr2"] as? String == "0xffffc90000004ff8")
    #expect((answer["recordedText"] as? String)?.hasSuffix(row.end) == true)
  }

  @Test("a chain that came before the log was on")
  func tooLate() throws {
    let session = try Debugger.run(
      [
        "run", KernelBuild.release.path, "--fault", "rsp0-pte,dfnoist", "--stop", "none", "-e", "check off",
        "-e", "continue", "-e", "record on", "-e", "explain", "-e", "quit",
      ])
    #expect(
      session.output.contains("the recorded chain: nothing since the log was turned on"),
      "\(session.output)\(session.errors)")
  }

  /// True while `emulator` holds a log of kdbg's open.
  private func logs(_ emulator: Process) -> Bool {
    let folder = "/proc/\(emulator.processIdentifier)/fd"
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return files.contains { file in
      let name = try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\(file)")
      return name?.contains("/kdbg-") == true
    }
  }

  private func becomes(_ wanted: Bool, _ emulator: Process) -> Bool {
    waits(while: { emulator.isRunning }, for: { logs(emulator) == wanted })
  }

  @Test("an attached QEMU logs while kdbg records, and no more once it has gone", arguments: [nil, SIGTERM])
  func leaves(_ signal: Int32?) throws {
    let socket = FileManager.default.temporaryDirectory.appending(path: "rs-\(UUID().uuidString.prefix(8))")
    let emulator = Process()
    emulator.executableURL = URL(filePath: "/usr/bin/env")
    emulator.arguments = [
      "qemu-system-x86_64", "-machine", "pc", "-accel", "tcg", "-cpu", "max", "-m", "256M", "-nodefaults",
      "-display", "none", "-vga", "none", "-serial", "null", "-no-reboot", "-kernel",
      KernelBuild.release.path, "-initrd", Repository.initrd, "-append", "init=/echo",
      "-gdb", "unix:\(socket.path),server=on,wait=off",
    ]
    emulator.standardInput = FileHandle.nullDevice
    try emulator.run()
    defer {
      kill(emulator.processIdentifier, SIGKILL)
      emulator.waitUntilExit()
      try? FileManager.default.removeItem(at: socket)
    }
    try #require(ListeningSocket.wait(at: socket.path, of: emulator))
    let debugger = Process()
    let commands = Pipe()
    debugger.executableURL = URL(filePath: Repository.kdbg)
    debugger.arguments = ["attach", "unix:\(socket.path)"]
    debugger.standardInput = commands
    debugger.standardOutput = FileHandle.nullDevice
    debugger.standardError = FileHandle.nullDevice
    try debugger.run()
    defer { debugger.waitUntilExit() }
    try commands.fileHandleForWriting.write(contentsOf: Data("record on\n".utf8))
    #expect(becomes(true, emulator))
    if let signal {
      kill(debugger.processIdentifier, signal)
    } else {
      try commands.fileHandleForWriting.write(contentsOf: Data("detach\n".utf8))
    }
    try commands.fileHandleForWriting.close()
    #expect(becomes(false, emulator))
    #expect(emulator.isRunning)
  }
}
