import Foundation
import Testing

/// The same gdb, the same script and the same kernel, once on the kernel's stub and once on QEMU's gdbserver: what a
/// debugger built into the emulator says of the machine is what the stub has to say.
@Suite("one gdb session on the kernel's stub and on QEMU's gdbserver")
struct StubTranscriptTests {
  /// From the baseline's first system call on: no other process is there yet.
  private static let session = [
    // Breakpoints in Ring 3, plain and gone after their first hit; registers; code and stack; steps.
    "thbreak *0x10000019", "continue", "info registers", "x/2i $pc", "x/1xg $rsp", "tbreak *0x1000001f",
    "continue", "stepi", "stepi", "x/i $pc",
    // A watchpoint of the debug registers.
    "watch *(long *) 0x7fffeffffff0", "continue", "delete",
    // A condition, and from the handler back into the program that was interrupted.
    "tbreak *(char *) &kernel_trap if *(long *) ($rdi + 120) == 0x80 && *(long *) ($rdi + 112) == 5",
    "continue", "backtrace", "frame function trap_common", "up", "info registers", "frame 0", "stepi",
    "stepi", "info frame",
    // A function of the kernel's, to its end.
    "tbreak *(char *) &memcpy", "continue", "backtrace 2", "finish",
    // Memory of the stack, and of a page that nobody may write; registers.
    "set var *(long *) 0x7fffeffff800 = 0x1122334455667788", "print/x *(long *) 0x7fffeffff800",
    "set var *(unsigned char *) 0x10000ff0 = 0x5a", "x/2xb 0x10000ff0", "x/1xb 0x3000",
    "print/x $original = $r15", "print/x $r15 = 0x1234", "info registers r15", "set var $r15 = $original",
    "info registers r15", "set var *(unsigned char *) 0x10000ff0 = 0", "detach",
  ]

  /// When the kernel idles, with a process that waits for input: the next interrupt that ends a `hlt`. Where the machine
  /// stands before that is not the same twice.
  private static let second = [
    "tbreak *(char *) &kernel_trap if *(long *) ($rdi + 144) == 8 && "
      + "*(unsigned char *) (*(long *) ($rdi + 136) - 1) == 0xf4",
    "continue",
    "backtrace", "frame function trap_common", "up", "info registers", "kill",
  ]

  @Test("the transcripts agree", arguments: KernelBuild.allCases)
  func agreement(_ kernel: KernelBuild) throws {
    let ours = try transcripts(kernel, onStub: true)
    let theirs = try transcripts(kernel, onStub: false)
    for (mine, reference) in zip(ours, theirs) {
      #expect(mine.count > 40)
      #expect(mine == reference, "\(mine.difference(from: reference))")
    }
    // That both agree is worth nothing where both failed.
    let text = (ours[0] + ours[1]).joined(separator: "\n")
    for expected in [
      "Temporary breakpoint 1, 0x0000000010000019 in ?? ()", "=> 0x10000019:\tint    $0x80",
      "Hardware watchpoint 3: *(long *) 0x7fffeffffff0", "New value = 1", "cs 0x33", "cs 0x8",
      " in trap_common () at ", "Temporary breakpoint 5, memcpy () at ", "$1 = 0x1122334455667788",
      "0x10000ff0:\t0x5a\t0x00", "r15 0x1234", "wait_for_interrupt", " in Kernel_main (",
    ] { #expect(text.contains(expected), "\(expected)\nin\n\(text)") }
  }

  /// Both sessions on one machine.
  private func transcripts(_ kernel: KernelBuild, onStub: Bool) throws -> [[String]] {
    // The same option of the kernel's, so that it lays its memory out in the same way.
    let machine = try StubMachine(
      kernel, "gdb=\(onStub ? "wait" : "on") init=/echo", gdbserver: !onStub)
    let server = onStub ? nil : machine.serverSocket
    let first = try machine.gdb(["echo BEGIN\\n"] + Self.session, on: server, kernel: kernel)
    #expect(machine.waitForConsole("echo: ready"), "\(first.output)\(first.errors)")
    #expect(machine.consoleText.contains("✓ BASELINE PASSED"), "nothing was left in the programs")
    let second = try machine.gdb(["echo BEGIN\\n"] + Self.second, on: server, kernel: kernel)
    // QEMU ends well whatever it was told; the kernel has a status of its own for this.
    #expect(machine.exitStatus() == (onStub ? StubSessionTests.killed : 0))
    return [Self.comparable(first), Self.comparable(second)]
  }

  /// A transcript without what must differ:
  ///
  /// - where the machine stands when gdb comes: the kernel waits in `debug_trap`, QEMU at the reset vector;
  /// - threads: the kernel's are its processes, QEMU's are processors;
  /// - whether gdb hears that the machine was killed: QEMU may be gone before it can say so;
  /// - the name of the inferior: QEMU has processes, for its clusters of processors, the kernel has not;
  /// - registers of gdb's own, vector registers and such, and the words beside the flags, of which each description has
  ///   its own: the numbers of the registers that both describe are what is compared.
  private static func comparable(_ gdb: Finished) -> [String] {
    var lines: [String] = []
    let text = gdb.output.split(separator: "BEGIN\n", maxSplits: 1).last ?? ""
    for line in text.split(separator: "\n") {
      if line.hasPrefix("[New Thread") || line.hasPrefix("[Switching to Thread") { continue }
      if line.hasSuffix(" killed]") { continue }
      if let register = line.wholeMatch(of: /([a-z]\w*) +(0x[0-9a-f]+) +(.+)/) {
        if compared.contains(String(register.1)) { lines.append("\(register.1) \(register.2)") }
        continue
      }
      if line.contains(/^\w+ {2,}(\{|<unavailable>|[-0-9])/) { continue }
      lines.append(
        String(line).replacing(#/^Thread \d+ "[^"]*" hit /#, with: "")
          .replacing(#/^\[Inferior 1 \(.*\) /#, with: "[Inferior 1 "))
    }
    return lines
  }

  private static let compared: Set<String> = [
    "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
    "r15",
    "rip", "eflags", "cs", "ss", "ds", "es", "fs", "gs", "fs_base", "gs_base", "k_gs_base", "cr0", "cr2",
    "cr3", "cr4", "cr8", "efer",
  ]
}
