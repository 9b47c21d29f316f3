import Foundation
import Testing

/// What kdbg finds out about the kernel and is told about it.
@Suite("What kdbg knows")
struct KernelKnowledgeTests {
  private static func configuration(_ text: String) throws -> URL {
    let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).kdbg")
    try text.write(to: file, atomically: true, encoding: .utf8)
    return file
  }

  private static func run(_ commands: [String], _ options: [String] = []) throws -> Finished {
    try Debugger.run(
      ["run", KernelBuild.release.path, "--initrd", Repository.initrd] + options
        + commands.flatMap { ["-e", $0] })
  }

  /// Registers that no stub hands out, the controller's base and what the kernel declares: nothing is left open.
  @Test("an audit of this kernel leaves no rule unchecked")
  func everythingIsKnown() throws {
    let kdbg = try Self.run(["audit"])
    #expect(kdbg.status == Debugger.allHeld, "\(kdbg.output)\(kdbg.errors)")
    #expect(kdbg.output.contains(/\d+ held, 0 violated, 0 not checked, \d+ skipped/), "\(kdbg.output)")
  }

  @Test("a configuration is read, and a bad line is named")
  func configurations() throws {
    let good = try Self.configuration("expected-cr4 = 0x20, 0x20\n")
    let bad = try Self.configuration("# a kernel\nswapgs = perhaps\n")
    let wrong = try Self.configuration("expected-cr4 = 0, 0x20\n")
    defer { for file in [good, bad, wrong] { try? FileManager.default.removeItem(at: file) } }
    let held = try Self.run(["audit --rules 146"], ["--config", good.path])
    #expect(held.output.contains("1 held, 0 violated"), "\(held.output)\(held.errors)")
    // CR4.PAE is set in long mode.
    let violated = try Self.run(["audit --rules 146"], ["--config", wrong.path])
    #expect(violated.output.contains("0 held, 1 violated"), "\(violated.output)\(violated.errors)")
    let refused = try Self.run(["audit"], ["--config", bad.path])
    #expect(refused.status == Debugger.wrongUsage)
    #expect(refused.errors == "kdbg: \(bad.path):2: \"perhaps\" is none of no, yes\n")
  }

  @Test("catch stops at the handler that the IDT names")
  func caught() throws {
    let kdbg = try Self.run(["check off", "catch vector 0x80", "continue", "print $rip-trap_stubs"])
    #expect(kdbg.output.contains("Caught vector 0x80, "), "\(kdbg.output)\(kdbg.errors)")
    #expect(kdbg.output.contains("0x800"), "\(kdbg.output)")
  }

  @Test("--keep-going passes over a command that fails")
  func keepGoing() throws {
    let commands = ["walk no_such_symbol", "print 6*7"]
    let ended = try Self.run(commands)
    #expect(ended.status == Debugger.wrongUsage)
    #expect(!ended.output.contains("42"))
    let kept = try Self.run(commands, ["--keep-going"])
    #expect(kept.status == Debugger.wrongUsage)
    #expect(kept.output.contains("42"), "\(kept.output)")
  }

  @Test("the check asks what it is told to")
  func selections() throws {
    func check(_ options: [String]) throws -> Int32 {
      try Debugger.run(
        [
          "check", "--run", KernelBuild.release.path, "--initrd", Repository.initrd, "--fault",
          "rsp0-unaligned",
        ]
          + ["--rules", "RT-029", "--returns", "1"] + options
      ).status
    }
    #expect(try check([]) == Debugger.allHeld)
    #expect(try check(["--severity", "hygiene"]) == Debugger.violation)
    #expect(try check(["--severity", "terrible"]) == Debugger.wrongUsage)
  }
}
