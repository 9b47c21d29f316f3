import Foundation
import Testing

@Suite("lldb on the kernel's own stub")
struct StubLLDBTests {
  /// Ring 3's first system call, and the instruction behind it.
  private static let call = "0x10000019"
  private static let behind = "0x1000001b"

  @Test("attaches, and unwinds in the kernel", arguments: KernelBuild.allCases)
  func attach(_ kernel: KernelBuild) throws {
    let machine = try StubMachine(kernel, "gdb=wait")
    let lldb = try machine.lldb(
      [
        "thread list", "register read cs efer st0", "thread backtrace", "breakpoint set --name kernel_trap",
        "process continue", "thread backtrace", "thread list", "breakpoint delete --force", "process detach",
      ], kernel: kernel)
    let output = lldb.output
    #expect(output.contains("* thread #1: tid = 0x0001, "), "\(output)\(lldb.errors)")
    #expect(output.contains("debug_trap at trap_stubs.S"))
    #expect(output.contains("cs = 0x00000008\n"))
    #expect(output.contains(/efer = 0x0000000000000d0[01]\n/))
    // The kernel has no x87 state to tell of.
    #expect(output.contains("= error: unavailable"))
    #expect(output.contains(#/`(Kernel_)?main at /#))
    #expect(output.contains("* thread #2, stop reason = breakpoint 1.1\n"))
    #expect(output.contains("`kernel_trap at Traps.swift"))
    #expect(output.contains(/frame #[1-3]: .*`trap_common at trap_stubs.S/))
    #expect(machine.exitStatus() == MachineStatus.success)
  }

  @Test("registers, memory, breakpoints and steps in Ring 3", arguments: KernelBuild.allCases)
  func ringThree(_ kernel: KernelBuild) throws {
    let machine = try StubMachine(kernel, "gdb=wait")
    let lldb = try machine.lldb(
      [
        "breakpoint set --hardware --address \(Self.call)", "process continue", "register read rip cs",
        "memory read --size 1 --count 2 --format x \(Self.call)", "memory region \(Self.call)",
        "memory region 0x7fffeffff000", "memory region 0x400000",
        // A page of the stack that nothing uses yet, and a register that the program does not.
        "memory write --size 8 0x7fffeffff800 0x1122334455667788",
        "memory read --size 8 --count 1 --format x 0x7fffeffff800",
        "register write r14 0x5566778899aabbcc", "thread step-inst", "register read rip rax r14",
        // The kernel's own thread has registers of its own; those of the stopped one are still there.
        "thread select 1", "register read rip cr3", "thread select 2", "register read rip r14",
        "register write r14 0", "breakpoint delete --force", "breakpoint set --address 0x1000001f",
        "process continue",
        "memory read --size 1 --count 2 --format x 0x1000001f", "breakpoint delete --force", "process detach",
      ], kernel: kernel)
    let output = lldb.output
    #expect(output.contains("* thread #2, stop reason = breakpoint 1.1\n"), "\(output)\(lldb.errors)")
    #expect(output.contains("rip = 0x0000000010000019\n"))
    #expect(output.contains("cs = 0x00000033\n"))
    #expect(output.contains("0x10000019: 0xcd 0x80\n"), "what lldb reads is the program, not the breakpoint")
    #expect(output.contains("-0x0000000010001000) r-x\n"))
    #expect(output.contains("-0x00007ffff0000000) rw-\n"))
    #expect(output.contains(") ---\n"), "nothing is mapped at 4 MiB")
    #expect(output.contains("0x7fffeffff800: 0x1122334455667788\n"))
    #expect(output.contains("stop reason = instruction step into\n"))
    #expect(output.contains("rip = 0x000000001000001b\n     rax = 0x0000000000000032\n"))
    #expect(output.ranges(of: "r14 = 0x5566778899aabbcc\n").count == 2)
    #expect(output.contains(/rip = 0xffffffff8.*\n +cr3 = 0x/))
    #expect(output.contains("stop reason = breakpoint 2.1\n"))
    #expect(output.contains("0x1000001f: 0x74 "))
    #expect(machine.exitStatus() == MachineStatus.success)
    #expect(machine.consoleText.contains("✓ BASELINE PASSED"), "nothing was left in the programs")
  }

  @Test("ends the machine")
  func kill() throws {
    let machine = try StubMachine(.release, "gdb=wait")
    let lldb = try machine.lldb(["process status", "process kill"])
    #expect(lldb.output.contains("Process 1 exited"), "\(lldb.output)\(lldb.errors)")
    #expect(machine.exitStatus() == StubSessionTests.killed)
  }
}

extension StubMachine {
  /// Runs a script of lldb's on the stub. Debian's lldb by its path: a Swift toolchain may have another one in PATH.
  func lldb(_ commands: [String], kernel: KernelBuild = .release) throws -> Finished {
    let prologue = [
      "settings set stop-line-count-before 0", "settings set stop-line-count-after 0",
      "settings set stop-disassembly-count 0", "process connect unix-connect://\(socket)",
    ]
    // A command that fails ends a batch, unless commands come one by one.
    let arguments =
      ["--no-lldbinit", "--batch"] + (prologue + commands).flatMap { ["-o", $0] } + [kernel.path]
    return try run("/usr/bin/lldb", arguments, limit: 240)
  }
}
