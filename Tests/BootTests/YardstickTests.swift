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

  /// What goes to QEMU for one more return: the registers, a step, a continue; by packets, one round of reads as well.
  @Test(arguments: ["ram", "packets"]) func nothingIsSentThatIsNotNeeded(_ way: String) throws {
    let script = """
      import subprocess, tempfile
      from machine import KDBG, KERNEL, LIMIT, running
      def replies(returns):
          # QEMU itself writes down what it sends.
          with tempfile.NamedTemporaryFile() as ram, tempfile.NamedTemporaryFile() as log:
              line = f"socket,id=line,path={{}},server=on,wait=off,logfile={log.name}"
              backend = f"memory-backend-file,id=ram0,size=256M,mem-path={ram.name},share=on"
              arguments = ["-append", "init=/throughput", "-S", "-chardev", line, "-gdb", "chardev:line",
                           "-object", backend, "-machine", "memory-backend=ram0"]
              with running(KERNEL, arguments) as path:
                  subprocess.run(
                      [KDBG, "check", f"unix:{path}", "--symbols", KERNEL, "--memory-by", "\(way)", "--returns",
                       str(returns)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True, timeout=LIMIT)
              return log.read().count(b"$")
      print((replies(1300) - replies(300)) / 1000)
      """
    let done = try run(
      "python3", ["-c", script],
      environment: ["PYTHONPATH": Repository.path("tools/bench"), "PYTHONDONTWRITEBYTECODE": "1"])
    let each = try #require(Double(done.output.dropLast()), "\(done.output)\(done.errors)")
    // Two boots are preempted at different places, so a few are not warm in one of them.
    let most = way == "ram" ? 3.0 : 3 + 2 + 40
    #expect(each > 2.5 && each < most + 0.5)
  }

  /// The program that is measured makes all of its calls, with and without the kernel's own check.
  @Test(arguments: ["off", "fast"]) func theProgramMakesItsCalls(_ assert: String) throws {
    let boot = try Emulator.boot(.release, "init=/throughput assert=\(assert)")
    #expect(boot.status == MachineStatus.success)
    #expect(boot.output.contains(/throughput: \d+ ticks for 1000000 calls/))
  }
}
