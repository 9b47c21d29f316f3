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

  private static let stops = 10

  /// The answers of `spaces` at the returns of process 2, which forks process 3, a line of JSON each.
  private static func spaces(_ options: [String]) throws -> [[String: Any]] {
    // The first loads of CR3 are those by which process 1 goes and process 2 comes.
    let start = ["check off", "catch cr3", "continue", "continue", "delete", "catch ring 3"]
    let commands = start + (0..<stops).flatMap { _ in ["continue", "spaces"] }
    let kdbg = try run(commands, ["--append", "init=/getpids", "--json"] + options)
    let answers = kdbg.output.split(separator: "\n")
      .compactMap { try? JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] }
      .filter { $0["command"] as? String == "spaces" }
    #expect(answers.count == stops, "\(kdbg.output)\(kdbg.errors)")
    return answers
  }

  /// The kernel's own list, and the same list as a configuration file leads through it.
  @Test("spaces lists a process before its table is ever loaded", arguments: [false, true])
  func processes(isConfigured: Bool) throws {
    let file = try Self.configuration(
      """
      process-first = ringside_processes
      process-next = $process + 40
      process-count = 64
      process-number = *$process
      process-cr3 = *($process + 16)

      """)
    defer { try? FileManager.default.removeItem(at: file) }
    let answers = try Self.spaces(isConfigured ? ["--config", file.path] : [])
    let found = answers.contains { answer in
      let spaces = answer["spaces"] as? [[String: Any]] ?? []
      return spaces.contains { $0["process"] as? Int == 3 && $0["stops"] == nil && $0["cr3"] is String }
    }
    #expect(found, "\(answers)")
    let numbers = answers.map { answer in
      (answer["processes"] as? [[String: Any]] ?? []).compactMap { $0["number"] as? Int }.filter { $0 != 0 }
    }
    #expect(numbers.last == [2, 3], "\(numbers)")
    let states = (answers.last?["processes"] as? [[String: Any]] ?? []).map { $0["state"] as? String }
    if !isConfigured { #expect(states == ["ready", "ready"]) }
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
