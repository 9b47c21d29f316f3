import Foundation
import Testing

@Suite("More than one processor, and the local APIC")
struct ProcessorTests {
  private static let marker = "others rest on tables and stacks of their own"

  /// The unoptimised kernel takes long over a whole audit at every return.
  @Test("the others are started and rest", arguments: [(KernelBuild.release, 2), (.release, 3), (.debug, 2)])
  func start(_ kernel: KernelBuild, _ count: Int) throws {
    let boot = try Emulator.boot(kernel, "assert=full", extra: ["-smp", "\(count)"], limit: 600)
    #expect(boot.status == MachineStatus.success, "\(boot.output)")
    #expect(boot.lines.contains("processors: \(count - 1) of \(count - 1) \(Self.marker)"))
  }

  @Test("no more are started than the kernel has room for")
  func tooMany() throws {
    let boot = try Emulator.boot(.release, extra: ["-smp", "10"])
    #expect(boot.status == MachineStatus.success, "\(boot.output)")
    #expect(boot.lines.contains("processors: 7 of 7 \(Self.marker)"))
  }

  @Test("one alone changes nothing", arguments: [["-smp", "1"], ["-smp", "2", "-no-acpi"]])
  func alone(_ extra: [String]) throws {
    let boot = try Emulator.boot(.release, extra: extra)
    #expect(boot.status == MachineStatus.success, "\(boot.output)")
    #expect(!boot.output.contains("processors:"))
  }

  /// The second one is halted, and a halted processor does not step: the audit must neither wait for it nor guess.
  @Test("a processor at rest is not asked for its registers")
  func audit() throws {
    let check = try Debugger.run([
      "check", "--run", KernelBuild.release.path, "--append", "init=/cycles", "--returns", "5",
      "-e", "audit --rules RT-175", "--", "-smp", "2",
    ])
    #expect(check.status == Debugger.allHeld, "\(check.output)\(check.errors)")
    #expect(check.output.contains("a processor that is halted or in Ring 3 cannot be asked"))
  }

  /// Read from outside, with the first processor right before its return to Ring 3.
  @Test("the second has tables and stacks of its own and the first one's control registers")
  func registers() throws {
    let machine = try StubMachine(.release, "", gdbserver: true, extra: ["-smp", "2"])
    let fields = ["cr0", "cr3", "cr4", "efer"]
    let print =
      "printf \"processor " + fields.map { "\($0) %#lx" }.joined(separator: " ") + "\\n\", "
      + fields.map { "(long)$\($0)" }.joined(separator: ", ")
    let session = try machine.gdb(
      [
        "hbreak *user_return", "continue", "thread 1", print, "thread 2", print,
        "monitor info registers -a", "printf \"count %ld\\n\", ((long *)&ringside_debugger_table)[83]",
        "kill",
      ], on: machine.serverSocket)
    let text = session.output + session.errors
    let controls = text.matches(of: /processor cr0 (\w+) cr3 (\w+) cr4 (\w+) efer (\w+)/)
    try #require(controls.count == 2, "\(text)")
    #expect(controls[0].1 == controls[1].1, "CR0")
    #expect(controls[0].3 == controls[1].3, "CR4")
    #expect(controls[0].4 == controls[1].4, "EFER")
    #expect(controls[0].2 != controls[1].2, "the second one stays on the kernel's own table")
    for register in ["TR", "GDT"] {
      let expression = try Regex("\(register) ?= *([0-9a-f ]+)")
      let values = text.matches(of: expression).map { String($0.0) }
      try #require(values.count == 2, "\(text)")
      #expect(values[0] != values[1], "\(register) is shared")
    }
    let interruptTables = text.matches(of: /IDT= +([0-9a-f]+)/).map { String($0.1) }
    #expect(interruptTables.count == 2 && interruptTables[0] == interruptTables[1])
    #expect(text.contains("count 2\n"))
  }

  @Test("the local APIC's timer preempts as well", arguments: KernelBuild.allCases, ["1", "2"])
  func localTimer(_ kernel: KernelBuild, _ processors: String) throws {
    // The baseline fails when a process was never preempted.
    let boot = try Emulator.boot(kernel, "timer=lapic init=/calls", extra: ["-smp", processors])
    #expect(boot.status == MachineStatus.success, "\(boot.output)")
    #expect(boot.lines.contains("calls: 0 wrong"))
  }

  @Test("a machine without a local APIC takes the other timer")
  func withoutLocalAPIC() throws {
    let boot = try Emulator.boot(.release, "timer=lapic", extra: ["-cpu", "max,-apic"])
    #expect(boot.status == MachineStatus.success, "\(boot.output)")
  }

  @Test("the local APIC's timer is what it says it is")
  func localTimerIsUsed() throws {
    let machine = try StubMachine(.release, "timer=lapic", gdbserver: true)
    let session = try machine.gdb(
      [
        "hbreak *((char *)&trap_stubs + 16 * 0x30)", "continue",
        "printf \"vector %ld\\n\", ((long)$pc - (long)&trap_stubs) / 16", "kill",
      ],
      on: machine.serverSocket)
    #expect(session.output.contains("vector 48\n"), "\(session.output)\(session.errors)")
  }
}
