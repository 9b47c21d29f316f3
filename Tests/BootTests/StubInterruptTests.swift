import Foundation
import TerminalSupport
import Testing

/// Breaking in from outside, with gdb at a terminal as a user has it.
@Suite("breaking into the running kernel")
struct StubInterruptTests {
  private static let limit = 240.0

  /// gdb, attached.
  private func attach(_ machine: StubMachine) throws -> PseudoTerminal {
    let gdb = try PseudoTerminal([
      "/usr/bin/gdb", "-nx", "-q", "-ex", "set confirm off", "-ex", "set remotetimeout 20", "-ex",
      "set pagination off", "-ex",
      "set width 0",
      "-ex", "set language c", "-ex", "set style enabled off", "-ex", "target remote \(machine.socket)",
      KernelBuild.release.path,
    ])
    try gdb.expect("(gdb) ", seconds: Self.limit)
    return gdb
  }

  private func type(_ commands: [String], _ gdb: PseudoTerminal) throws {
    for command in commands {
      gdb.type(command + Key.enter)
      try gdb.expect("(gdb) ", seconds: Self.limit)
    }
  }

  /// What gdb prints for `$pc` and `$cs`.
  private func place(_ gdb: PseudoTerminal) throws -> String {
    gdb.type("printf \"at %#lx cs %#x if %d\\n\", $rip, $cs, ($eflags & 0x200) != 0" + Key.enter)
    try gdb.expect("at 0x", seconds: Self.limit)
    let rest = try gdb.expect("(gdb) ", seconds: Self.limit)
    return "0x" + rest.prefix { !$0.isNewline }
  }

  /// As QEMU writes it.
  private func standing(at address: UInt64) -> String {
    let digits = String(address, radix: 16)
    return "RIP=" + String(repeating: "0", count: 16 - digits.count) + digits
  }

  @Test("Ctrl-C while Ring 3 spins")
  func spinningProgram() throws {
    let machine = try StubMachine(.release, "gdb=wait")
    let gdb = try attach(machine)
    // `jmp .` instead of the baseline program's first system call.
    try type(["hbreak *0x10000019", "continue", "delete", "set var *(short *) 0x10000019 = 0xfeeb"], gdb)
    gdb.type("continue" + Key.enter)
    try gdb.expect("Continuing.", seconds: Self.limit)
    #expect(try machine.waitForProcessor(standing(at: 0x1000_0019)))
    gdb.type(Key.controlC)
    try gdb.expect("received signal SIGINT", seconds: Self.limit)
    #expect(try place(gdb) == "0x10000019 cs 0x33 if 1")
    try type(["set var *(short *) 0x10000019 = 0x80cd", "detach"], gdb)
    #expect(machine.exitStatus() == MachineStatus.success)
    #expect(machine.consoleText.contains("✓ BASELINE PASSED"))
  }

  /// The idle loop is the one place where the kernel runs with interrupts on.
  @Test("Ctrl-C while the kernel idles, twice")
  func idleKernel() throws {
    let machine = try StubMachine(.release, "gdb=on init=/echo")
    try #require(try machine.waitForRest(after: "echo: ready\n"))
    let gdb = try attach(machine)
    for _ in 0..<2 {
      gdb.type("continue" + Key.enter)
      try gdb.expect("Continuing.", seconds: Self.limit)
      #expect(try machine.waitForProcessor("HLT=1"))
      gdb.type(Key.controlC)
      try gdb.expect("received signal SIGINT", seconds: Self.limit)
      let place = try place(gdb)
      #expect(place.hasSuffix(" cs 0x8 if 1"), "\(place)")
      try type(["info threads"], gdb)
    }
    gdb.type("backtrace" + Key.enter)
    try gdb.expect("Kernel_main", seconds: Self.limit)
    try gdb.expect("(gdb) ", seconds: Self.limit)
    gdb.type("kill" + Key.enter)
    #expect(machine.exitStatus() == StubSessionTests.killed)
  }

  /// No byte of the line gets through to a kernel that spins with interrupts off; an NMI does.
  @Test("an NMI while the kernel spins with interrupts off, and the kernel goes on afterwards")
  func spinningKernel() throws {
    let machine = try StubMachine(.release, "gdb=wait")
    let gdb = try attach(machine)
    // The kernel waits behind its own breakpoint, interrupts off. `jmp .` goes there: not into what an NMI needs.
    let site = try KernelBuild.release.address(of: "debug_trap") + 1
    let place = "0x\(String(site, radix: 16)) cs 0x8 if 0"
    #expect(try self.place(gdb) == place)
    try type(["set $code = *(short *) $pc", "set var *(short *) $pc = 0xfeeb"], gdb)
    gdb.type("continue" + Key.enter)
    try gdb.expect("Continuing.", seconds: Self.limit)
    #expect(try machine.waitForProcessor(standing(at: site)))
    // The other way in is closed: gdb sends 0x03, and the kernel spins on.
    gdb.type(Key.controlC)
    Thread.sleep(forTimeInterval: 0.5)
    #expect(!gdb.output.contains("SIGINT"))
    _ = try machine.monitor("nmi")
    try gdb.expect("received signal SIGINT", seconds: Self.limit)
    #expect(try self.place(gdb) == place)
    try type(["set var *(short *) $pc = $code", "detach"], gdb)
    #expect(machine.exitStatus() == MachineStatus.success)
    #expect(machine.consoleText.contains("✓ BASELINE PASSED"))
  }

  @Test("an NMI without a client: whoever attaches finds the machine standing")
  func nmiWithoutClient() throws {
    let machine = try StubMachine(.release, "gdb=on init=/echo")
    try #require(try machine.waitForRest(after: "echo: ready\n"))
    _ = try machine.monitor("nmi")
    // It stands in the stub, which polls its line with interrupts off.
    #expect(try machine.waitForProcessor("HLT=0"))
    let gdb = try machine.gdb(["printf \"cs %#x\\n\", $cs", "info threads", "kill"])
    #expect(gdb.output.contains("cs 0x8\n"), "\(gdb.output)\(gdb.errors)")
    #expect(gdb.output.contains("(waits for input, CR3 0x"))
    #expect(machine.exitStatus() == StubSessionTests.killed)
  }
}
