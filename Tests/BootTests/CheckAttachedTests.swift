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
}
