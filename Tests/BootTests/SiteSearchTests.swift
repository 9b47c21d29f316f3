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
    "of a kernel whose file has no symbols, or no sections either", arguments: StrippedKernel.Loss.allCases,
    [1, 2])
  func stripped(_ loss: StrippedKernel.Loss, _ processors: Int) throws {
    let kernel = try StrippedKernel(loss)
    let machine = [
      "check", "--run", kernel.path, "--initrd", Repository.initrd, "--cpus", "\(processors)", "--append",
      "timer=lapic",
    ]
    let healthy = try Debugger.run(machine + ["--returns", "100"])
    #expect(healthy.status == Debugger.allHeld, "\(healthy.output)\(healthy.errors)")
    #expect(healthy.lines.first == "100 returns to Ring 3 checked at 1 site, all held")
    #expect(healthy.output.contains(/\n  sites +100 by iretq in 0xffffffff8\w+\n/), "nothing has a name")
    let broken = try Debugger.run(
      machine + ["--fault", "rsp0-pml4,after=100", "--severity", "fatal"])
    #expect(broken.status == Debugger.violation, "\(broken.output)\(broken.errors)")
    #expect(
      broken.output.hasPrefix("VIOLATION before the return to Ring 3 at 0x100"), "no process is known")
    #expect(broken.output.contains("\nRT-026 RSP0-frame-pages-writable: the kernel stack page 0xffffc9"))
    #expect(!broken.errors.contains("DOUBLE FAULT"), "the machine never got there")
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

/// A copy of the kernel's file from which something was taken away.
final class StrippedKernel {
  enum Loss: CaseIterable {
    case symbols
    /// The headers of all sections too, so that nothing says what is code.
    case sections
  }

  let path: String

  init(_ loss: Loss) throws {
    path =
      FileManager.default.temporaryDirectory.appending(path: "rs-\(UUID().uuidString.prefix(8)).elf").path
    let strip = try run("strip", ["-o", path, KernelBuild.release.path])
    try #require(strip.status == 0, "\(strip.errors)")
    guard loss == .sections else { return }
    var file = try Data(contentsOf: URL(filePath: path))
    // ELF-64: e_shoff, then e_shentsize, e_shnum and e_shstrndx.
    for field in [40..<48, 58..<64] { file.resetBytes(in: field) }
    try file.write(to: URL(filePath: path))
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}
