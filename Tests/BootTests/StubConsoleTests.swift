import Foundation
import Testing

/// The console and the stub on the first serial port.
@Suite("one line for the console and gdb")
struct StubConsoleTests {
  private static let bothBuilds = KernelBuild.allCases

  @Test("gdb gets the console's text while the machine runs", arguments: bothBuilds)
  func textForGDB(_ kernel: KernelBuild) throws {
    let machine = try StubMachine(kernel, "gdb=wait gdbport=com1", .sharedPort)
    let gdb = try machine.gdb(
      [
        "monitor ps", "hbreak *0x10000019", "continue", "printf \"stopped at %#lx\\n\", $rip", "delete",
        "continue",
      ], kernel: kernel)
    #expect(machine.exitStatus() == MachineStatus.success, "\(gdb.output)\(gdb.errors)")
    // gdb writes the target's text to its standard error.
    #expect(gdb.errors.contains("* kernel      CR3 0x"))
    #expect(gdb.errors.contains("✓ Kernel stack mapped in process page table\n"))
    #expect(gdb.output.contains("stopped at 0x10000019\n"))
    // The whole rest of a boot, to its last line.
    #expect(gdb.errors.contains("Hello from userspace! (via Swift syscall handler)\n"))
    #expect(gdb.errors.contains("✓ BASELINE PASSED: "))
    #expect(gdb.errors.contains("\nPowering off.\n"))
  }

  /// The system call's text comes out between two stops, whole and in order.
  @Test("what the kernel writes between two stops is not lost")
  func textBetweenStops() throws {
    let machine = try StubMachine(.release, "gdb=wait gdbport=com1", .sharedPort)
    let gdb = try machine.gdb([
      "hbreak *0x10000019", "continue", "delete",
      "hbreak *0x1000001b", "continue", "delete", "monitor tss", "detach",
    ])
    #expect(
      gdb.errors.contains(
        "Hello from userspace! (via Swift syscall handler)\n✅ SUCCESS: Userspace syscall completed - wrote 50"
      ),
      "\(gdb.output)\(gdb.errors)")
    #expect(machine.exitStatus() == MachineStatus.success)
  }

  @Test("plain text without a client, typed input for Ring 3, and gdb afterwards", arguments: bothBuilds)
  func consoleFirst(_ kernel: KernelBuild) throws {
    let machine = try StubMachine(kernel, "gdb=on gdbport=com1 init=/echo", .sharedPort)
    do {
      let terminal = try StubLine(machine)
      try #require(terminal.waitFor("echo: ready\n"), "\(terminal.text)")
      #expect(!terminal.text.contains("$"), "no packets for a terminal")
      // Part of it looks like packets.
      terminal.send("a+$")
    }
    let gdb = try machine.gdb(["info threads", "detach"], kernel: kernel)
    // It waits, unless gdb came before it had taken the last letter.
    let states = ["(waits for input, CR3 0x", "(ready, CR3 0x", "(running, CR3 0x"]
    #expect(
      states.contains { gdb.output.contains("\"process 6\" \($0)") }, "\(gdb.output)\(gdb.errors)")
    let terminal = try StubLine(machine)
    terminal.send("$5#\n")
    // The `+$` before gdb may have been the beginning of gdb's first packet; what came before and after is whole.
    #expect(terminal.waitFor("$5#\n"), "\(terminal.text)")
    #expect(terminal.text.contains("echo: a"), "\(terminal.text)")
    #expect(machine.exitStatus() == MachineStatus.initFailed)
  }

  @Test("Ctrl-C at the console stops the machine, and a client finds it standing")
  func interruptByHand() throws {
    let machine = try StubMachine(.release, "gdb=on gdbport=com1 init=/echo", .sharedPort)
    do {
      let terminal = try StubLine(machine)
      try #require(terminal.waitFor("echo: ready\n"), "\(terminal.text)")
      // The program has come to wait: it is the kernel that is interrupted.
      try #require(try machine.waitForProcessor("HLT=1"))
      terminal.send([0x03])
      #expect(terminal.waitFor("The machine stands, and waits for a debugger on this line.\n"))
    }
    let gdb = try machine.gdb(["printf \"cs %#x\\n\", $cs", "detach"])
    // The program may be on its way to its first read still.
    #expect(gdb.output.contains(/cs 0x(8|33)\n/), "\(gdb.output)\(gdb.errors)")
    let terminal = try StubLine(machine)
    terminal.send("12345\n")
    #expect(terminal.waitFor("echo: 12345\n"), "\(terminal.text)")
    #expect(machine.exitStatus() == MachineStatus.success)
  }

  @Test("a double fault: the stop for gdb, then the report")
  func doubleFault() throws {
    let machine = try StubMachine(.release, "gdb=wait gdbport=com1 fault=rsp0-pml4", .sharedPort)
    let gdb = try machine.gdb(["continue", "monitor explain", "continue"])
    #expect(gdb.errors.contains("exception in the kernel: #DF (vector 8)"), "\(gdb.output)\(gdb.errors)")
    #expect(gdb.errors.contains("DX-01: "))
    #expect(gdb.errors.contains("DOUBLE FAULT - Error Code: 0x0"))
    #expect(machine.exitStatus() == MachineStatus.doubleFault)
  }
}
