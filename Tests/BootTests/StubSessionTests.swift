import Foundation
import Testing

@Suite("gdb on the kernel's own stub")
struct StubSessionTests {
  static let killed: Int32 = 51

  @Test("attaches where the kernel waits, and lets it go on", arguments: KernelBuild.allCases)
  func attach(_ kernel: KernelBuild) throws {
    let machine = try StubMachine(kernel, "gdb=wait")
    let gdb = try machine.gdb(
      ["info registers cr3 cs rip", "backtrace", "info threads", "monitor ps", "detach"], kernel: kernel)
    #expect(gdb.output.contains("debug_trap"), "\(gdb.output)\(gdb.errors)")
    #expect(gdb.output.contains("Kernel_main"))
    #expect(gdb.output.contains("Thread 1 \"kernel\" (running, CR3 0x"))
    #expect(gdb.errors.contains("* kernel      CR3 0x"))
    #expect(machine.exitStatus() == MachineStatus.success)
  }

  @Test("stops in Ring 3, and steps over its system call", arguments: KernelBuild.allCases)
  func ringThree(_ kernel: KernelBuild) throws {
    let machine = try StubMachine(kernel, "gdb=wait")
    let gdb = try machine.gdb(
      [
        "hbreak *0x10000019", "continue", "printf \"at %#lx cs %#x\\n\", $rip, $cs", "stepi",
        "printf \"at %#lx rax %ld\\n\", $rip, $rax", "delete", "break *0x1000001f", "continue",
        "printf \"at %#lx\\n\", $rip", "delete", "x/2xb 0x1000001f", "detach",
      ], kernel: kernel)
    #expect(gdb.output.contains("at 0x10000019 cs 0x33\n"), "\(gdb.output)\(gdb.errors)")
    #expect(gdb.output.contains("at 0x1000001b rax 50\n"))
    #expect(gdb.output.contains("at 0x1000001f\n"))
    #expect(gdb.output.contains("0x1000001f:\t0x74"), "the breakpoint is not in what gdb reads")
    #expect(machine.exitStatus() == MachineStatus.success)
    #expect(machine.consoleText.contains("✓ BASELINE PASSED"), "nothing was left in the programs")
  }

  @Test("breakpoints and steps in the kernel", arguments: KernelBuild.allCases)
  func kernelCode(_ kernel: KernelBuild) throws {
    let machine = try StubMachine(kernel, "gdb=wait")
    let gdb = try machine.gdb(
      [
        "break kernel_trap", "continue", "backtrace 2", "stepi", "stepi", "stepi", "continue", "delete",
        "tbreak switch_context_absent", "info threads", "detach",
      ], kernel: kernel)
    #expect(gdb.output.contains("hit Breakpoint 1, kernel_trap"), "\(gdb.output)\(gdb.errors)")
    #expect(gdb.output.contains("in trap_common ()"))
    #expect(gdb.output.contains("Thread 2 \"process 1\" (running, CR3 0x"))
    #expect(machine.exitStatus() == MachineStatus.success)
  }

  @Test("watches memory with the debug registers")
  func watch() throws {
    let machine = try StubMachine(.release, "gdb=wait")
    let gdb = try machine.gdb(
      [
        "hbreak *0x10000019", "continue", "delete", "watch *(long *) 0x7fffeffffff0", "continue",
        "printf \"stack %#lx\\n\", $rsp", "delete", "detach",
      ])
    #expect(
      gdb.output.contains("Hardware watchpoint 2: *(long *) 0x7fffeffffff0"), "\(gdb.output)\(gdb.errors)")
    #expect(gdb.output.contains("Old value ="))
    #expect(machine.exitStatus() == MachineStatus.success)
  }

  /// The condition is evaluated in the kernel: hundreds of false ones cost no packet.
  @Test("stops at a condition of the client's")
  func condition() throws {
    let machine = try StubMachine(.release, "gdb=wait")
    // rdi is the trap frame's address, and its vector stands 120 bytes above.
    let gdb = try machine.gdb([
      "break *(char *) &kernel_trap if *(long *) ($rdi + 120) == 0x80 && *(long *) ($rdi + 112) == 5",
      "monitor stats",
      "continue", "printf \"vector %#lx call %ld\\n\", *(long *) ($rdi + 120), *(long *) ($rdi + 112)",
      "monitor stats", "delete", "detach",
    ])
    #expect(gdb.output.contains("vector 0x80 call 5\n"), "\(gdb.output)\(gdb.errors)")
    let counts = gdb.errors.matches(of: /packets received +(\d+)/).compactMap { Int($0.1) }
    #expect(counts.count == 2)
    // fork() comes after more than 200 system calls.
    #expect(counts[1] - counts[0] < 60, "\(counts)")
    #expect(machine.exitStatus() == MachineStatus.success)
  }

  @Test("refuses a breakpoint where it could not be taken out again")
  func refusedBreakpoint() throws {
    let machine = try StubMachine(.release, "gdb=wait")
    let gdb = try machine.gdb(["break *(char *) &user_return", "continue", "delete", "detach"])
    #expect((gdb.output + gdb.errors).contains("Cannot insert breakpoint 1"), "\(gdb.output)\(gdb.errors)")
    #expect(machine.exitStatus() == MachineStatus.success)
  }

  @Test("one client after the other, and the last one ends the machine")
  func clients() throws {
    let machine = try StubMachine(.release, "gdb=on init=/echo")
    // What runs before that is no thread that waits.
    #expect(try machine.waitForRest(after: "echo: ready\n"))
    let first = try machine.gdb([
      "printf \"at %#lx\\n\", $rip", "break kernel_trap", "info threads", "detach",
    ])
    #expect(first.output.contains("(waits for input, CR3 0x"), "\(first.output)\(first.errors)")
    // Its stack is mapped in its own table alone; the way leads through the system call to Ring 3.
    let second = try machine.gdb(["thread 2", "backtrace", "info threads", "kill"])
    #expect(second.output.contains("process 6"), "\(second.output)\(second.errors)")
    let way = #/in trap_common \(\) at .*\n#\d+  0x000000001000[0-9a-f]{4} in \?\?/#
    #expect(second.output.contains(way), "\(second.output)")
    #expect(machine.exitStatus() == Self.killed)
  }

  @Test("an exception that the kernel does not survive stops in the debugger first")
  func doubleFault() throws {
    let machine = try StubMachine(.release, "gdb=wait fault=rsp0-pml4")
    let gdb = try machine.gdb(
      ["continue", "printf \"at %#lx\\n\", $rip", "monitor audit", "monitor explain", "continue"])
    #expect(
      gdb.errors.contains("exception in the kernel: #DF (vector 8), error 0x0, CR2 0xffffc90000004ff8"),
      "\(gdb.output)\(gdb.errors)")
    #expect(gdb.output.contains("at 0x10000019\n"))
    #expect(gdb.errors.contains("PML4[402] is not present"))
    #expect(
      gdb.errors.contains(
        "DX-01: the kernel stack under RSP0 is not mapped in the live CR3 (proven by replay)"))
    #expect(machine.exitStatus() == MachineStatus.doubleFault)
    #expect(machine.consoleText.contains("DOUBLE FAULT - Error Code: 0x0"))
  }

  @Test("the refused return stops in the debugger first")
  func refusedReturn() throws {
    let machine = try StubMachine(.release, "gdb=wait fault=rsp0-pte assert=fast")
    let gdb = try machine.gdb(["continue", "monitor audit", "continue"])
    #expect(gdb.errors.contains("the audit refused a return to Ring 3"), "\(gdb.output)\(gdb.errors)")
    #expect(gdb.errors.contains("PT[4] is not present"))
    #expect(machine.exitStatus() == MachineStatus.auditFailed)
  }

  /// The same commands on the kernel's stub and on QEMU's gdbserver, of two machines that do the same. What they print
  /// must agree: the reference validates the script, and the script the stub.
  @Test("agrees with QEMU's gdbserver on the same script")
  func reference() throws {
    let commands = [
      "hbreak *0x10000019", "continue", "delete", "x/3i $pc", "x/4xg kernel_trap",
      "printf \"%#lx %#lx\\n\", $rsi, $rdi",
      "printf \"cs %#x ss %#x flags %#x\\n\", $cs, $ss, (int) $eflags & 0xcd5", "x/8xb 0x10001000",
      "x/s 0x10001000",
      "hbreak *0x1000001b", "continue", "delete", "printf \"rax %ld rip %#lx\\n\", $rax, $rip",
      "set var *(char *) 0x10002000 = 7", "x/1xb 0x10002000",
    ]
    func interesting(_ finished: Finished) -> [Substring] {
      finished.lines.filter { line in
        line.hasPrefix("=> ") || line.hasPrefix("   0x") || line.hasPrefix("0x") || line.hasPrefix("cs ")
          || line.hasPrefix("rax ")
      }.filter { !$0.hasSuffix(" in ?? ()") && !$0.contains("debug_trap") }
    }
    let own = try StubMachine(.release, "gdb=wait")
    let ours = try own.gdb(commands + ["kill"])
    let other = try StubMachine(.release, "init=/echo", gdbserver: true)
    let theirs = try other.gdb(commands + ["kill"], on: other.serverSocket)
    #expect(interesting(ours).count >= 11, "\(ours.output)\(ours.errors)")
    #expect(interesting(ours) == interesting(theirs))
  }

  @Test("kdbg works on it as it does on QEMU")
  func kdbg() throws {
    let machine = try StubMachine(.release, "gdb=wait")
    let kdbg = try Debugger.run([
      "attach", "unix:\(machine.socket)", "--symbols", KernelBuild.release.path, "-e", "cr3", "-e",
      "walk kernel_trap", "-e", "tss", "-e", "b kernel_trap", "-e", "c", "-e", "si", "-e", "monitor ps", "-e",
      "delete", "-e", "detach",
    ])
    #expect(kdbg.status == 0, "\(kdbg.output)\(kdbg.errors)")
    #expect(kdbg.output.contains("the kernel's own table"))
    #expect(kdbg.output.contains("r-x supervisor"))
    #expect(kdbg.output.contains("IST1  0xffffc9800003f000  top page in frame 0x"))
    #expect(kdbg.output.contains("* process 1   CR3 0x"))
    #expect(machine.exitStatus() == MachineStatus.success)
  }
}
