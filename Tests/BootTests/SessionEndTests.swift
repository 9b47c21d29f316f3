import Foundation
import Testing

@Suite("kdbg's ends", .serialized)
struct SessionEndTests {
  @Test("wrong usage is status 2 and one line")
  func usage() throws {
    for arguments in [
      ["nonsense"], ["check", "--returns", "many", "--run", KernelBuild.release.path], ["run"],
    ] {
      let kdbg = try Debugger.run(arguments)
      #expect(kdbg.status == Debugger.wrongUsage, "\(arguments): \(kdbg.errors)")
      #expect(kdbg.errors.hasPrefix("Error: ") || kdbg.errors.hasPrefix("kdbg: "), "\(kdbg.errors)")
    }
  }

  @Test("no such endpoint is status 3")
  func noEndpoint() throws {
    for endpoint in ["unix:/nonexistent/socket", "tcp:127.0.0.1:1"] {
      let kdbg = try Debugger.run(["attach", endpoint, "-e", "cr3"])
      #expect(kdbg.status == Debugger.targetLost, "\(kdbg.errors)")
      #expect(kdbg.errors.split(separator: "\n").count == 1, "\(kdbg.errors)")
    }
  }

  @Test("no QEMU is one clear line")
  func noEmulator() throws {
    let kdbg = try Debugger.run(
      ["run", KernelBuild.release.path, "-e", "quit"], environment: ["QEMU": "/nonexistent/qemu"])
    #expect(kdbg.status == Debugger.targetLost, "\(kdbg.status)")
    #expect(kdbg.errors.contains("/nonexistent/qemu"))
    #expect(kdbg.errors.split(separator: "\n").count == 1, "\(kdbg.errors)")
  }

  @Test("a kernel that is no x86_64 ELF is refused")
  func notELF() throws {
    let kdbg = try Debugger.run(["run", Repository.path("Makefile"), "-e", "quit"])
    #expect(kdbg.status == Debugger.wrongUsage, "\(kdbg.status)")
    #expect(kdbg.errors.split(separator: "\n").count == 1, "\(kdbg.errors)")
  }

  @Test("an address that is neither number nor symbol is refused")
  func badAddress() throws {
    let kdbg = try Debugger.run(["run", KernelBuild.release.path, "-e", "walk no_such_symbol", "-e", "quit"])
    #expect(kdbg.status == Debugger.wrongUsage, "\(kdbg.output)\(kdbg.errors)")
    #expect(kdbg.errors.contains("no_such_symbol"))
  }

  /// The gdbserver of a QEMU that the test itself started, and the QEMU.
  private func withEmulator(_ action: (String, Process) throws -> Void) throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "rs-\(UUID().uuidString.prefix(8))")
      .path
    let qemu = Process()
    qemu.executableURL = URL(filePath: "/usr/bin/env")
    qemu.arguments =
      [
        "qemu-system-x86_64", "-machine", "pc", "-accel", "tcg", "-cpu", "max", "-m", "256M", "-nodefaults",
        "-display", "none", "-vga", "none", "-serial", "file:\(path).console", "-no-reboot", "-kernel",
        KernelBuild.release.path,
        "-initrd", Repository.initrd, "-append", "init=/echo", "-gdb", "unix:\(path),server=on,wait=off",
      ]
    qemu.standardInput = FileHandle.nullDevice
    try qemu.run()
    defer {
      // A child of Foundation's may have SIGTERM blocked.
      if qemu.isRunning { kill(qemu.processIdentifier, SIGKILL) }
      qemu.waitUntilExit()
      for file in [path, path + ".console"] { try? FileManager.default.removeItem(atPath: file) }
    }
    try #require(ListeningSocket.wait(at: path, of: qemu))
    // The kernel waits for the console then.
    let console = path + ".console"
    try #require(
      waits(
        while: { qemu.isRunning },
        for: { (try? String(contentsOfFile: console, encoding: .utf8))?.contains("echo: ready\n") == true }))
    try action("unix:\(path)", qemu)
  }

  @Test("attach to a running QEMU, look, and leave it running as it was")
  func attach() throws {
    try withEmulator { endpoint, qemu in
      for _ in 0..<2 {
        let kdbg = try Debugger.run(
          [
            "attach", endpoint, "--symbols", KernelBuild.release.path, "-e", "cr3", "-e", "walk kernel_trap",
            "-e", "detach",
          ])
        #expect(kdbg.status == 0, "\(kdbg.output)\(kdbg.errors)")
        #expect(kdbg.output.contains("CR3 0x"))
        #expect(kdbg.output.contains("r-x supervisor"), "\(kdbg.output)")
      }
      #expect(qemu.isRunning)
    }
  }

  @Test("a QEMU that dies in the middle is status 3 and one line")
  func killed() throws {
    try withEmulator { endpoint, qemu in
      let pid = qemu.processIdentifier
      // Between two commands or in the middle of the next.
      let input = TypedInput(after: "CR3", action: { kill(pid, SIGKILL) })
      let kdbg = try Debugger.run(
        ["attach", endpoint, "-e", "cr3", "-e", "c", "-e", "cr3"], input: input)
      #expect(!kdbg.timedOut)
      #expect(kdbg.status == Debugger.targetLost, "\(kdbg.status) \(kdbg.output)\(kdbg.errors)")
      let complaints = kdbg.errors.split(separator: "\n").filter { !$0.hasPrefix("Attached, ") }
      #expect(complaints == ["the target closed the connection"])
    }
  }

  /// QEMU processes whose command line names this repository's kernel by the path that only `kdbg run` uses.
  private func emulators(of marker: String) throws -> Int {
    let list = try run("ps", ["-eo", "args"])
    return list.lines.filter { line in
      line.prefix { $0 != " " }.hasSuffix("qemu-system-x86_64") && line.contains(marker)
    }.count
  }

  @Test("nothing is left behind, however kdbg ends", arguments: [SIGINT, SIGTERM, SIGHUP, SIGKILL])
  func leftovers(_ signal: Int32) throws {
    let marker = "ringside-test-\(UUID().uuidString.prefix(8))"
    let kdbg = Process()
    kdbg.executableURL = URL(filePath: Repository.kdbg)
    kdbg.arguments = [
      "check", "--run", KernelBuild.release.path, "--append", "init=/echo", "--", "-name", marker,
    ]
    kdbg.standardInput = FileHandle.nullDevice
    kdbg.standardOutput = FileHandle.nullDevice
    kdbg.standardError = FileHandle.nullDevice
    try kdbg.run()
    #expect(try waits(while: { kdbg.isRunning }, for: { try emulators(of: marker) > 0 }))
    #expect(try emulators(of: marker) == 1)
    kill(kdbg.processIdentifier, signal)
    kdbg.waitUntilExit()
    #expect(try waits(while: { true }, for: { try emulators(of: marker) == 0 }))
  }
}
