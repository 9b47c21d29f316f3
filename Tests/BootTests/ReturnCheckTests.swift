import Foundation
import Testing

@Suite("kdbg check")
struct ReturnCheckTests {
  @Test("a healthy boot holds at every return", arguments: KernelBuild.allCases)
  func healthy(_ kernel: KernelBuild) throws {
    let check = try Debugger.run(
      ["check", "--run", kernel.path, "--initrd", Repository.initrd, "--severity", "hygiene"])
    #expect(check.status == Debugger.allHeld, "\(check.output)\(check.errors)")
    let summary = try #require(
      check.output.firstMatch(of: /(\d+) returns to Ring 3 checked at 1 site, all held/))
    #expect(try #require(Int(summary.1)) >= 200)
    #expect(
      check.errors.contains("Hello from userspace! (via Swift syscall handler)"), "the console is shown")
  }

  @Test(
    "so does one with SYSRET, and one with two processors: no rule of any severity is violated",
    arguments: [["--append", "init=/calls"], ["--cpus", "2", "--append", "timer=lapic"]])
  func healthyOtherwise(_ options: [String]) throws {
    let check = try Debugger.run(
      ["check", "--run", KernelBuild.release.path, "--initrd", Repository.initrd, "--severity", "hygiene"]
        + options)
    #expect(check.status == Debugger.allHeld, "\(check.output)\(check.errors)")
    let summary = try #require(
      check.output.firstMatch(of: /(\d+) returns to Ring 3 checked at (\d) sites?, all held/))
    #expect(try #require(Int(summary.1)) >= 200)
    #expect(summary.2 == (options.contains("init=/calls") ? "2" : "1"))
    #expect(!check.output.contains("REMARK"), "\(check.output)")
  }

  @Test("ten thousand returns hold", .enabled(if: Repository.runsLongTests))
  func tenThousand() throws {
    var checked = 0
    for _ in 0..<2 {
      let check = try Debugger.run([
        "check", "--run", KernelBuild.release.path, "--initrd", Repository.initrd, "--severity", "hygiene",
        "--append", "init=/cycles",
      ])
      #expect(check.status == Debugger.allHeld, "\(check.output)\(check.errors)")
      let summary = try #require(check.output.firstMatch(of: /(\d+) returns to Ring 3 checked .*, all held/))
      checked += try #require(Int(summary.1))
    }
    #expect(checked >= 10_000)
  }

  @Test("--returns ends it early")
  func returns() throws {
    let check = try Debugger.run(["check", "--run", KernelBuild.release.path, "--returns", "25"])
    #expect(check.status == Debugger.allHeld)
    #expect(check.output.contains("25 returns to Ring 3 checked at 1 site, all held"))
  }

  @Test(
    "catches every injected fault before the iretq", arguments: KernelBuild.allCases, InjectedFaultCase.all)
  func faults(_ kernel: KernelBuild, _ fault: InjectedFaultCase) throws {
    let check = try Debugger.run(
      ["check", "--run", kernel.path, "--initrd", Repository.initrd, "--fault", fault.name])
    #expect(check.status == Debugger.violation, "\(check.output)\(check.errors)")
    #expect(check.lines.first == "VIOLATION before the return to Ring 3 at 0x10000000, process 1")
    #expect(check.lines.dropFirst().first?.hasPrefix("\(fault.rule) ") == true, "\(check.output)")
    #expect(check.output.contains("#DF (error 0x0) at RIP 0x10000019 on IST1"))
    #expect(check.output.contains("1 return to Ring 3 checked"))
    #expect(!check.errors.contains("DOUBLE FAULT"), "the machine never got there")
  }

  @Test("the running example is explained whole")
  func runningExample() throws {
    let check = try Debugger.run([
      "check", "--run", KernelBuild.release.path, "--fault", "rsp0-pml4", "--json",
    ])
    #expect(check.status == Debugger.violation)
    let answer = try check.json()
    #expect(answer["command"] as? String == "check")
    #expect(answer["schema"] as? Int == 1)
    let text = check.output
    #expect(text.contains("\"RT-026\""))
    #expect(text.contains("0xffffc90000004ff8"))
    #expect(!text.contains("=== CRITICAL BASELINE TEST"), "JSON stays pure")
  }

  @Test("the kernel's own refusal is a failed check")
  func kernelRefuses() throws {
    // kdbg stops first, because its breakpoint stands on the iretq and the kernel's audit before it has ended the
    // machine: the verdict is the kernel's status.
    let check = try Debugger.run(
      ["check", "--run", KernelBuild.release.path, "--fault", "rsp0-pml4", "--append", "assert=full"])
    #expect(check.status != Debugger.allHeld)
    #expect(check.errors.contains("✗ RETURN TO RING 3 REFUSED"))
  }

  @Test("a kernel that never returns to Ring 3 is not a success")
  func nothingChecked() throws {
    let check = try Debugger.run(["check", "--run", KernelBuild.release.path, "--append", "quiet"])
    #expect(check.status == Debugger.nothingChecked || check.status == Debugger.violation, "\(check.status)")
    #expect(check.status != Debugger.allHeld)
  }
}
