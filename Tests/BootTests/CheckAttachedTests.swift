import Foundation
import Testing

/// `kdbg check ENDPOINT`: the machine is somebody else's, and was there before.
@Suite("kdbg check of an attached machine")
struct CheckAttachedTests {
  private static func check(_ machine: StubMachine, _ options: [String] = []) throws -> Finished {
    try Debugger.run(
      ["check", "unix:\(machine.serverSocket)", "--symbols", KernelBuild.release.path] + options)
  }

  @Test("its own end is the end of the check, where that is awaited")
  func ownEnd() throws {
    let machine = try StubMachine(.release, "", gdbserver: true)
    let check = try Self.check(machine, ["--until-exit"])
    #expect(check.status == Debugger.allHeld, "\(check.output)\(check.errors)")
    #expect(check.lines.first?.contains(" returns to Ring 3 checked at 1 site, all held") == true)
    #expect(check.output.contains("\nThe machine ended: its connection closed while it ran."))
    #expect(machine.exitStatus() == MachineStatus.success)
  }

  @Test("else it is a target that was lost, and the returns until then are told")
  func lost() throws {
    let machine = try StubMachine(.release, "", gdbserver: true)
    let check = try Self.check(machine)
    #expect(check.status == Debugger.targetLost, "\(check.output)\(check.errors)")
    let lines = check.errors.split(separator: "\n")
    #expect(lines.first == "the target closed the connection")
    #expect(
      lines.last?.contains(/^\d+ returns to Ring 3 checked at 1 site, all held; if .* --until-exit takes/)
        == true,
      "\(check.errors)")
    #expect(machine.exitStatus() == MachineStatus.success)
  }

  @Test("a violation stays the verdict, however the machine ends", arguments: [["--until-exit"], []])
  func violation(_ options: [String]) throws {
    let machine = try StubMachine(.release, "fault=rsp0-pml4", gdbserver: true)
    let check = try Self.check(machine, options + ["--keep-going"])
    #expect(check.status == Debugger.violation, "\(check.output)\(check.errors)")
    #expect(check.output.contains("\nThe machine ended: its connection closed while it ran."))
    #expect(machine.exitStatus() == MachineStatus.doubleFault)
  }

  // MARK: In the middle

  /// A kernel that has long been at work, with QEMU's gdbserver at `endpoint`.
  private final class Working {
    let machine: StubMachine
    private let socket: String
    var endpoint: String { "unix:\(socket)" }

    /// Waits until the first tests of the boot are done.
    init(_ commandLine: String, extra: [String] = []) throws {
      let socket = FileManager.default.temporaryDirectory.appending(
        path: "rs-\(UUID().uuidString.prefix(8)).gdb"
      ).path
      self.socket = socket
      machine = try StubMachine(
        .release, commandLine, extra: ["-gdb", "unix:\(socket),server=on,wait=off"] + extra)
      try #require(machine.waitForConsole("BASELINE PASSED"), "\(machine.consoleText)")
    }

    deinit { try? FileManager.default.removeItem(atPath: socket) }

    /// Asks an attached kdbg, which leaves again.
    func ask(_ expression: String) throws -> String {
      let kdbg = try Debugger.run([
        "attach", endpoint, "--symbols", KernelBuild.release.path, "-e", expression, "-e", "detach",
      ])
      try #require(kdbg.status == 0, "\(kdbg.output)\(kdbg.errors)")
      return String(kdbg.lines.first ?? "")
    }
  }

  static let symbols = [["--symbols", KernelBuild.release.path], []]

  /// Ring 3 makes a million calls, and is held in the middle of them until the check is there. QEMU writes down each
  /// block that it executes, which takes its time, as long as nobody has caught the machine.
  @Test("Ring 3 runs already; after the check it comes to its end", arguments: symbols)
  func inRingThree(_ symbols: [String]) throws {
    let working = try Working("init=/throughput", extra: ["-d", "exec,nochain", "-D", "/dev/null"])
    let machine = working.machine
    let isThere = try waits(
      while: { machine.isRunning },
      for: {
        _ = try machine.monitor("stop")
        if try machine.monitor("info registers").contains("CPL=3") { return true }
        _ = try machine.monitor("cont")
        return false
      })
    try #require(isThere, "\(machine.consoleText)")
    _ = try machine.monitor("log none")
    let check = try Debugger.run(["check", working.endpoint, "--returns", "100"] + symbols)
    #expect(check.status == Debugger.allHeld, "\(check.output)\(check.errors)")
    #expect(check.lines.first == "100 returns to Ring 3 checked at 1 site, all held")
    // One breakpoint that is left holds it for ever.
    #expect(machine.exitStatus() == MachineStatus.success)
    #expect(machine.consoleText.contains(/throughput: \d+ ticks for 1000000 calls/))
  }

  /// Whole audits in the kernel itself make the same program last for minutes.
  @Test("it runs before, between and after", arguments: symbols)
  func running(_ symbols: [String]) throws {
    let working = try Working("init=/throughput assert=full")
    let entries = "print {u64} (processor_blocks + 32)"
    let code = "x/32xb user_return - 16"
    let before = try working.ask(code)
    for _ in 0..<2 {
      let check = try Debugger.run(["check", working.endpoint, "--returns", "10"] + symbols)
      #expect(check.status == Debugger.allHeld, "\(check.output)\(check.errors)")
      #expect(check.lines.first == "10 returns to Ring 3 checked at 1 site, all held")
      let count = try working.ask(entries)
      #expect(
        try waits(while: { working.machine.isRunning }, for: { try working.ask(entries) != count }),
        "it stands still: \(count)")
    }
    #expect(try working.ask(code) == before)
  }
}
