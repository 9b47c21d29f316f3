import Foundation
import Testing

/// Breakpoints, watchpoints, steps and catches on the real machine.
@Suite("run control")
struct RunControlTests {
  /// A kernel under QEMU, stopped before its first return to Ring 3, that gets `commands`.
  private func session(
    _ commands: [String], kernel: KernelBuild = .release, options: [String] = ["--no-check"]
  ) throws -> Finished {
    let all = ["run", kernel.path, "--initrd", Repository.initrd, "--console", "/dev/null"] + options
    return try Debugger.run(all + commands.flatMap { ["-e", $0] })
  }

  /// The same in JSON: the objects behind the first, which is the stop at the beginning.
  private func answers(
    _ commands: [String], kernel: KernelBuild = .release, options: [String] = ["--no-check"]
  ) throws -> [[String: Any]] {
    let run = try session(commands, kernel: kernel, options: options + ["--json"])
    let objects = try run.lines.filter { $0.hasPrefix("{") }.map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
    try #require(objects.count == commands.count + 1, "\(run.output)\(run.errors)")
    return Array(objects.dropFirst())
  }

  /// The vector of the trap frame that `kernel_trap` is called with.
  private static let vector = "{u64} ($rdi + 120)"

  @Test(
    "a condition chooses the stop, an ignored hit passes, a temporary one goes",
    arguments: KernelBuild.allCases)
  func conditions(_ kernel: KernelBuild) throws {
    let answers = try answers(
      [
        "break kernel_trap if \(Self.vector) == 0x80", "ignore 1 2", "tbreak *0x10000000", "continue",
        "continue",
        "print \(Self.vector)", "info breakpoints", "break kernel_trap if *(8)", "delete 1", "continue",
      ], kernel: kernel)
    #expect(answers[3]["breakpoint"] as? Int == 2)
    #expect(answers[3]["rip"] as? String == "0x10000000")
    #expect(answers[4]["breakpoint"] as? Int == 1)
    #expect(answers[4]["hits"] as? Int == 3)
    #expect(answers[5]["value"] as? String == "0x80")
    let listed = try #require(answers[6]["breakpoints"] as? [[String: Any]])
    #expect(listed.count == 1, "the temporary one has gone")
    #expect(answers[9]["breakpoint"] as? Int == 3)
    #expect(answers[9]["conditionError"] as? String == "no memory at 0x8")
  }

  @Test("--cr3 counts one process's visits of an address that all have")
  func addressSpaces() throws {
    let answers = try answers([
      "break kernel_trap --cr3 current", "break kernel_trap", "ignore 1 100000", "ignore 2 100000",
      "continue",
      "info breakpoints",
    ])
    #expect(answers[4]["stop"] as? String == "exited")
    let hits = try #require(answers[5]["breakpoints"] as? [[String: Any]]).map { $0["hits"] as? Int ?? -1 }
    #expect(hits[0] > 0 && hits[1] > hits[0], "\(hits)")
  }

  @Test("a watchpoint tells the old and the new value, and who wrote", arguments: KernelBuild.allCases)
  func watchpoints(_ kernel: KernelBuild) throws {
    let answers = try answers(
      [
        "tbreak kernel_trap", "continue", "set {u64} ($rsp - 8) = 0x1234", "watch $rsp - 8", "continue",
        "print $rbp",
        "delete", "awatch $rsp", "hbreak kernel_trap", "info breakpoints",
      ], kernel: kernel)
    #expect(answers[4]["old"] as? String == "0x1234")
    #expect(answers[4]["new"] as? String == answers[5]["value"] as? String)
    #expect(answers[4]["symbol"] as? String == "kernel_trap+0x1")
    #expect((answers[9]["breakpoints"] as? [Any])?.count == 2)
  }

  @Test("next passes a call, step goes into it, finish comes out of it", arguments: KernelBuild.allCases)
  func calls(_ kernel: KernelBuild) throws {
    let answers = try answers(
      [
        "tbreak kernel_trap", "continue",
        // The call has five bytes and ends where kernel_trap returns to.
        "break {u64} $rsp - 5", "finish", "step", "step", "continue", "print $rsp", "nexti", "print $rsp",
        "continue",
        "stepi", "until kernel_trap",
      ], kernel: kernel)
    let returned = try #require(answers[3]["rip"] as? String)
    #expect(answers[3]["stop"] as? String == "returned")
    #expect((answers[3]["symbol"] as? String)?.hasPrefix("trap_common+") == true)
    let lines = answers[3...5].map { $0["line"] as? String ?? "" }
    #expect(Set(lines).count == 3 && lines.allSatisfy { $0.hasPrefix("trap_stubs.S:") }, "\(lines)")
    #expect(answers[6]["breakpoint"] as? Int == 2)
    #expect(answers[8]["rip"] as? String == returned, "behind the call")
    #expect(answers[7]["value"] as? String == answers[9]["value"] as? String)
    #expect(answers[10]["breakpoint"] as? Int == 2)
    #expect(answers[11]["symbol"] as? String == "kernel_trap", "a step goes into it")
    #expect(answers[12]["stop"] as? String == "breakpoint", "the call comes before the next visit")
  }

  @Test("the ways into Ring 3 and out of it, and every load of CR3")
  func catching() throws {
    let answers = try answers([
      "tcatch ring 3", "continue", "print $cs & 3", "tcatch ring 0", "continue", "print $cs & 3", "catch",
      "catch cr3",
      "continue", "print $cr3", "catch cr3 0x1000", "continue",
    ])
    #expect(answers[1]["rip"] as? String == "0x10000000")
    #expect(answers[1]["ring"] as? Int == 3)
    #expect(answers[2]["value"] as? String == "0x3")
    #expect(answers[4]["ring"] as? Int == 0)
    #expect((answers[4]["symbol"] as? String)?.hasPrefix("trap_stubs+") == true)
    #expect(answers[5]["value"] as? String == "0x0")
    #expect((answers[6]["once"] as? [Any])?.isEmpty == true)
    #expect(answers[8]["stop"] as? String == "caughtRootTable")
    #expect(answers[8]["to"] as? String == answers[9]["value"] as? String)
    #expect(answers[8]["from"] as? String != answers[8]["to"] as? String)
    #expect(answers[11]["stop"] as? String == "exited", "a table that nobody loads")
  }

  @Test("a processor that is selected keeps the others' breakpoints from being hit twice")
  func processors() throws {
    let frame = "print {u64} ($rdi + 136)"
    let answers = try answers(
      [
        "break kernel_trap if \(Self.vector) == 0x80", "continue", frame, "cpu 1", "print $cr3", "continue",
        frame,
        "info cpus",
      ], options: ["--no-check", "--cpus", "2"])
    #expect(answers[3].description.contains("halted"))
    #expect(answers[5]["hits"] as? Int == 2)
    #expect(answers[2]["value"] as? String != answers[6]["value"] as? String, "another system call")
    let processors = try #require(answers[7]["processors"] as? [[String: Any]])
    #expect(processors.map { $0["selected"] as? Bool } == [true, false])
    #expect(processors[1]["cr3"] as? String == answers[4]["value"] as? String)
  }

  @Test("a halted processor that is stepped says so, and the session goes on")
  func haltedProcessor() throws {
    let run = try session(
      ["cpu 1", "stepi", "info cpus"], options: ["--no-check", "--cpus", "2", "--keep-going"])
    #expect(run.status == Debugger.wrongUsage)
    #expect(
      run.errors.contains("single step: the target refused: the processor executed nothing"), "\(run.errors)")
    #expect(run.output.contains("*  1 "), "it is still the selected one")
  }

  @Test("the same through the kernel's own stub")
  func stub() throws {
    let machine = try StubMachine(.release, "gdb=wait")
    let commands = [
      "break kernel_trap if \(Self.vector) == 0x80", "continue", "set {u64} ($rsp - 8) = 0x1234",
      "watch $rsp - 8",
      "continue", "delete", "stepi", "tbreak *0x1000001b", "continue", "info threads", "thread 1",
      "print $rax",
      "rwatch $rsp", "catch ring 3", "watch $rsp", "watch $rsp + 8", "watch $rsp + 16", "watch $rsp + 24",
      "watch $rsp + 32", "detach",
    ]
    let run = try Debugger.run(
      ["attach", "unix:\(machine.socket)", "--symbols", KernelBuild.release.path, "--keep-going"]
        + commands.flatMap { ["-e", $0] })
    #expect(run.status == Debugger.wrongUsage, "\(run.output)\(run.errors)")
    #expect(run.output.contains("Breakpoint 1, 0x"))
    #expect(run.output.contains(": 0x1234 -> 0x"), "\(run.output)")
    #expect(run.output.contains("Temporary breakpoint 3, 0x1000001b"), "\(run.output)")
    #expect(run.output.contains("process 1 running"))
    #expect(run.errors.contains("the target does not give register \"$rax\""), "\(run.errors)")
    #expect(run.errors.contains("the target has none of that kind"))
    #expect(run.errors.contains("the way into the debugger itself leads through"))
    #expect(run.errors.contains("all four debug registers are in use"))
  }
}
