import Foundation
import Testing

/// What `make bench` holds `kdbg check` against does what it is said to do. How long it takes is no test's business.
@Suite struct YardstickTests {
  /// What the check that a gdb user would write says of `machine`, after `returns` returns.
  private static func check(_ machine: StubMachine, returns: Int, mode: String) throws -> Finished {
    try run(
      "gdb", ["-nx", "-batch", "-x", Repository.path("Tests/Yardsticks/return_check.py")],
      environment: [
        "ENDPOINT": machine.serverSocket, "RETURNS": String(returns), "SKIPPED": "2", "MODE": mode,
        "SITE": "0x" + String(try KernelBuild.release.address(of: "user_return"), radix: 16),
      ])
  }

  @Test(arguments: ["walks", "remembers"]) func gdbsOwnCheckHolds(_ mode: String) throws {
    let machine = try StubMachine(.release, "init=/throughput", gdbserver: true)
    let done = try Self.check(machine, returns: 20, mode: mode)
    #expect(done.output.contains("yardstick: 20 returns, "), "\(done.output)\(done.errors)")
    #expect(!done.output.contains("violated"))
    // The tables of at least eight pages, the TSS and the gates.
    let qwords = try #require(done.output.firstMatch(of: /each, (\d+) qwords/).flatMap { Int($0.1) })
    #expect(qwords > 8 * 4 + 13)
  }

  @Test(arguments: ["walks", "remembers"]) func gdbsOwnCheckSeesAMissingStack(_ mode: String) throws {
    let machine = try StubMachine(.release, "fault=rsp0-pte", gdbserver: true)
    let done = try Self.check(machine, returns: 20, mode: mode)
    #expect(done.output.contains("yardstick: violated: RSP0: the stack page"), "\(done.output)\(done.errors)")
  }

  /// The parts of the measurement, each with a few returns.
  @Test func theMeasurementRuns() throws {
    let script = """
      import check
      seconds = [check.floor(5, 20), check.gdb_checked("walks", 20)]
      print("measured", all(one > 0 for one in seconds))
      """
    let done = try run(
      "python3", ["-c", script],
      environment: ["PYTHONPATH": Repository.path("tools/bench"), "PYTHONDONTWRITEBYTECODE": "1"])
    #expect(done.output == "measured True\n", "\(done.output)\(done.errors)")
  }

  /// The program that is measured makes all of its calls, with and without the kernel's own check.
  @Test(arguments: ["off", "fast"]) func theProgramMakesItsCalls(_ assert: String) throws {
    let boot = try Emulator.boot(.release, "init=/throughput assert=\(assert)")
    #expect(boot.status == MachineStatus.success)
    #expect(boot.output.contains(/throughput: \d+ ticks for 1000000 calls/))
  }
}
