import Foundation
import Testing

@Suite("syscall and int 0x80")
struct SyscallTests {
  /// The program compares registers, flags, stacks and bases itself, and says what was wrong.
  @Test(
    "are the same to a program, under every audit mode", arguments: KernelBuild.allCases,
    ["off", "fast", "full"])
  func program(_ kernel: KernelBuild, _ mode: String) throws {
    let boot = try Emulator.boot(kernel, "init=/calls assert=\(mode)")
    #expect(boot.status == MachineStatus.success, "\(boot.output)")
    #expect(boot.lines.contains("calls: 1000 calls by syscall"))
    #expect(boot.lines.contains("calls: 0 wrong"), "\(boot.output)")
    // Eight stack pointers that Ring 3 cannot have.
    #expect(boot.lines.filter { $0.contains("killed: #SS (vector 12)") }.count == 8)
  }

  /// Stops at the instruction itself, as a debugger on the emulator does: there GS is Ring 3's again.
  @Test("leave by sysretq and by iretq with GS given back", arguments: ["user_return", "user_return_sysret"])
  func waysOut(_ site: String) throws {
    let machine = try StubMachine(.release, "init=/calls", gdbserver: true)
    let session = try machine.gdb(
      [
        "hbreak *\(site)", "continue",
        "printf \"gs %#lx kernel %#lx block %#lx self %#lx rcx %#lx\\n\", $gs_base, "
          + "$k_gs_base, (long)&processor_blocks, *(long *)&processor_blocks, $rcx",
        "printf \"stack %#lx rsp0 %#lx if %d\\n\", ((long *)&processor_blocks)[2], "
          + "*(long *)((char *)&task_state_segment + 4), ($eflags >> 9) & 1", "x/i $pc", "kill",
      ], on: machine.serverSocket)
    let bases = try #require(
      session.output.firstMatch(of: /gs (0(?:x0)?) kernel (0x\w+) block (0x\w+) self (0x\w+)/),
      "\(session.output)\(session.errors)")
    #expect(bases.2 == bases.3 && bases.3 == bases.4)
    let stack = try #require(session.output.firstMatch(of: /stack (0x\w+) rsp0 (0x\w+) if 0/))
    #expect(stack.1 == stack.2)
    #expect(session.output.contains(site == "user_return" ? "iretq" : "sysretq"))
  }
}

@Suite("What comes at any instruction")
struct AnyInstructionTests {
  /// A program that waits for its console, with the kernel idling, and that console.
  private func waitingProgram(_ kernel: KernelBuild) throws -> (machine: StubMachine, console: StubLine) {
    let machine = try StubMachine(kernel, "init=/echo", .sharedPort)
    let console = try StubLine(machine)
    try #require(console.waitFor("echo: ready\n"), "\(console.text)")
    try #require(try machine.waitForProcessor("HLT=1"))
    return (machine, console)
  }

  @Test("an NMI without a debugger is one line, and the kernel goes on", arguments: KernelBuild.allCases)
  func nonMaskable(_ kernel: KernelBuild) throws {
    let (machine, console) = try waitingProgram(kernel)
    _ = try machine.monitor("nmi")
    let reported = console.waitFor("nobody asked for it, going on\n")
    console.send("12345\n")
    #expect(console.waitFor("Powering off.\n") && reported, "\(console.text)")
    #expect(machine.exitStatus() == MachineStatus.success)
    #expect(console.text.contains("echo: 12345\n"))
    #expect(
      console.text.matches(of: /\n! NMI at RIP 0x[0-9a-f]+, CS 0x8: nobody asked for it, going on\n/).count
        == 1, "\(console.text)")
  }

  /// Programs that enter and leave all the time, and NMIs wherever they happen to be.
  @Test("many NMIs while processes come and go do no harm")
  func manyNonMaskable() throws {
    let machine = try StubMachine(.release, "init=/cycles assert=full")
    #expect(machine.waitForConsole("✓ BASELINE PASSED"))
    var sent = 0
    while machine.isRunning {
      // The last one may meet a machine that has just ended.
      _ = try? machine.monitor("nmi")
      sent += 1
      Thread.sleep(forTimeInterval: 0.02)
    }
    #expect(machine.exitStatus() == MachineStatus.success, "\(machine.consoleText)")
    let count = machine.consoleText.matches(of: /! NMI at RIP 0x[0-9a-f]+, CS 0x(8|33):/).count
    #expect(count >= 10, "\(sent) were sent")
  }

  @Test("a machine check is reported with its bank, and ends the machine", arguments: KernelBuild.allCases)
  func machineCheck(_ kernel: KernelBuild) throws {
    let (machine, console) = try waitingProgram(kernel)
    // The machine may have ended before QEMU's monitor has answered.
    _ = try? machine.monitor("mce 0 1 0xbe00000000000000 0x5 0x1234000 0")
    #expect(machine.exitStatus() == MachineStatus.kernelFault)
    #expect(console.waitFor("bank 1: status 0xbe00000000000000, address 0x1234000\n"), "\(console.text)")
    #expect(console.text.contains("✗ KERNEL FAULT: #MC (vector 18)"))
    #expect(console.text.contains("MCG_STATUS: 0x5\n"))
  }
}
