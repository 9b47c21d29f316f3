import Testing

/// The modes of `kdbg check` on two processes that only call getpid: 10,000 returns and those of the baseline.
@Suite("kdbg check --mode")
struct CheckModeTests {
  private static func check(_ mode: String, _ kernel: KernelBuild = .release, _ more: [String] = []) throws
    -> Finished
  {
    try Debugger.run(
      [
        "check", "--run", kernel.path, "--initrd", Repository.initrd, "--append", "init=/getpids", "--mode",
        mode,
      ]
        + more)
  }

  private static func audited(_ check: Finished) throws -> Int {
    let summary = try #require(check.output.firstMatch(of: /(\d+) returns? to Ring 3 checked at 1 site/))
    return try #require(Int(summary.1))
  }

  @Test(
    "changes audits the first return after each change and lets the others pass",
    arguments: KernelBuild.allCases)
  func changes(_ kernel: KernelBuild) throws {
    let check = try Self.check("changes", kernel)
    #expect(check.status == Debugger.allHeld, "\(check.output)\(check.errors)")
    #expect(check.errors.contains("5000 calls each, all right"))
    // How often the timer switches while 10,000 calls are made is the machine's business.
    #expect((5...5000).contains(try Self.audited(check)), "\(check.output)")
    let coverage = try #require(check.output.firstMatch(of: /stood on (\d+) qwords: (\d+) watched/))
    #expect(coverage.1 == coverage.2, "Ringside maps all of its memory")
    #expect(check.output.contains("not seen: frames and registers of the returns in between"))
  }

  @Test(
    "a stack page that goes in the middle is caught before the return", arguments: ["changes", "every"])
  func injection(_ mode: String) throws {
    let check = try Self.check(mode, .release, ["--fault", "rsp0-pte,after=5000"])
    #expect(check.status == Debugger.violation, "\(check.output)\(check.errors)")
    #expect(check.output.contains("VIOLATION before the return to Ring 3"))
    #expect(check.output.contains("\nRT-026 RSP0-frame-pages-writable: the kernel stack page"))
    #expect(check.output.contains("removed since"))
    #expect(!check.errors.contains("DOUBLE FAULT"), "the machine never got there")
    let audited = try Self.audited(check)
    #expect(mode == "every" ? audited > 5000 : audited < 5000)
  }

  @Test("sample audits one in so many")
  func sample() throws {
    let check = try Self.check("sample=100")
    #expect(check.status == Debugger.allHeld, "\(check.output)\(check.errors)")
    let audited = try Self.audited(check)
    let passed = try #require(check.output.firstMatch(of: /mode sample=100: (\d+) returns passed/))
    let all = try #require(Int(passed.1)) + audited
    #expect(all > 10_000)
    #expect(audited == (all + 99) / 100)
  }

  @Test("changes refuses a machine with two processors, and a mode that is none is wrong usage")
  func refused() throws {
    let check = try Self.check("changes", .release, ["--cpus", "2"])
    #expect(check.status == Debugger.wrongUsage, "\(check.output)\(check.errors)")
    #expect(check.errors.contains("follows one processor, and this machine has 2"), "\(check.errors)")
    let wrong = try Self.check("sometimes")
    #expect(wrong.status == Debugger.wrongUsage)
    #expect(wrong.errors.contains("--mode is every, changes or sample=N"))
  }
}
