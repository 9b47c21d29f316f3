import Foundation
import Testing

/// `kdbg check` on machines of whose kernel nobody has a file, and with places that the user names.
@Suite("kdbg check finds its sites")
struct SiteSearchTests {
  /// The machine stands before its first instruction, in real mode, and kdbg has no file at all.
  @Test("from reset, without a file")
  func fromReset() throws {
    let machine = try BareMachine(
      nil,
      [
        "-m", "256M", "-no-reboot", "-S", "-kernel", KernelBuild.release.path, "-initrd", Repository.initrd,
        "-append", "init=/cycles",
      ])
    defer { machine.process.terminate() }
    let check = try Debugger.run(["check", machine.endpoint, "--returns", "40"])
    #expect(check.status == Debugger.allHeld, "\(check.output)\(check.errors)")
    #expect(check.output.contains("40 returns to Ring 3 checked at 1 site, all held"))
  }

  @Test(
    "a place that is no return, or that nobody knows, is wrong usage",
    arguments: ["nobody", "0x1234", "a,,b"])
  func wrongPlaces(_ places: String) throws {
    let check = try Debugger.run(["check", "--run", KernelBuild.release.path, "--sites", places])
    #expect(check.status == Debugger.wrongUsage, "\(check.output)\(check.errors)")
  }

  @Test("named sites are the only ones")
  func named() throws {
    let check = try Debugger.run([
      "check", "--run", KernelBuild.release.path, "--sites", "return_to_user", "--returns", "25",
    ])
    #expect(check.status == Debugger.allHeld, "\(check.output)\(check.errors)")
    #expect(check.output.contains("25 returns to Ring 3 checked at 1 site"))
  }

  @Test("a machine without a kernel has none: status 4, in one line")
  func firmwareOnly() throws {
    let machine = try BareMachine(nil)
    defer { machine.process.terminate() }
    let check = try Debugger.run(["check", machine.endpoint, "--timeout", "3"])
    #expect(check.status == Debugger.nothingChecked, "\(check.output)\(check.errors)")
    #expect((check.output + check.errors).contains("no site found"))
  }
}
