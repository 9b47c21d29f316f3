import Foundation
import Session
import Testing
import X86

/// What GDB's own test suite asks of breakpoints, watchpoints and descriptions, on a kernel.
@Suite("breakpoints of the kernel's own stub")
struct StubBreakpointTests {
  @Test("count, go after one hit, are skipped, and stand where a step ends")
  func counting() throws {
    let machine = try StubMachine(.release, "gdb=wait")
    let gdb = try machine.gdb([
      "thbreak *0x10000019", "continue", "tbreak *0x1000001b", "continue",
      // 3: a step that ends at a breakpoint stops once, and the next one leaves it.
      "break *0x1000001f", "stepi", "info breakpoints", "stepi", "printf \"left %d\\n\", $rip != 0x1000001f",
      "delete 3",
      // 4: three hits that do not count as stops. 5: another one at the same place, for one hit.
      "break *(char *) &kernel_trap", "ignore 4 3", "continue", "info breakpoints",
      "tbreak *(char *) &kernel_trap", "continue", "info breakpoints",
      // Deleted while the machine stands there, it is hit no more.
      "delete 4", "info breakpoints", "detach",
    ])
    let lists = gdb.output.matches(of: /already hit (\d+) times?/).map { String($0.1) }
    #expect(lists == ["1", "4", "5"], "\(gdb.output)\(gdb.errors)")
    #expect(gdb.output.contains("hit Breakpoint 3, 0x000000001000001f in ?? ()"))
    #expect(gdb.output.contains("left 1\n"))
    #expect(gdb.output.ranges(of: "hit Breakpoint 4, ").count == 2)
    #expect(gdb.output.contains("No breakpoints or watchpoints."))
    #expect(machine.exitStatus() == MachineStatus.success)
  }

  @Test("are refused with the reason when there is no room, and taken when there is again")
  func full() throws {
    let machine = try StubMachine(.release, "gdb=wait")
    let site = try KernelBuild.release.address(of: "kernel_trap")
    func packet(_ name: String, _ place: UInt64) -> String {
      "maint packet \(name),\(String(site + place, radix: 16)),1"
    }
    // Packet by packet: gdb puts its own in only when the machine runs, and gives up at the first refusal.
    var script: [String] = []
    for (type, count) in [("0", UInt64(64)), ("1", 4)] {
      script += (0...count).map { packet("Z" + type, $0) }
      script += [packet("z" + type, 1), packet("Z" + type, count)]
    }
    let gdb = try machine.gdb(script + ["maint packet Z2,1002,4", "maint packet Z2,1000,3", "detach"])
    let replies = gdb.lines.filter { $0.hasPrefix("received: ") }.map { $0.dropFirst(10) }
    let taken = { (count: Int) in [Substring](repeating: "\"OK\"", count: count) }
    #expect(
      replies == taken(64) + ["\"E.all 64 software breakpoints are in use\""] + taken(2 + 4)
        + ["\"E.all four debug registers are in use\""] + taken(2)
        + [
          "\"E.the processor watches aligned addresses only, not 0x1002\"",
          "\"E.the processor watches 1, 2, 4 or 8 bytes\"",
        ], "\(replies)\(gdb.errors)")
    // What the client leaves behind is taken out.
    #expect(machine.exitStatus() == MachineStatus.success)
  }

  /// Behind the fork the parent's page holds the `int3`, and the child's is a copy of it. Afterwards both processes are
  /// gone, and so is the breakpoint, whose frame others use.
  @Test("in Ring 3's memory stay with the process: not with its child, nor with who gets its memory")
  func processes() throws {
    let machine = try StubMachine(.release, "gdb=wait")
    let gdb = try machine.gdb([
      "thbreak *0x10000019", "continue",
      // mov $5, %eax; int $0x80: the program's only fork.
      "find /b 0x10000000, +0x400, 0xb8, 5, 0, 0, 0, 0xcd, 0x80", "set $behind = $_ + 7",
      // In the process that is about to fork.
      "thbreak *($behind - 2)", "continue", "break *$behind", "continue", "info breakpoints", "continue",
    ])
    #expect(gdb.output.ranges(of: "hit Breakpoint 3, ").count == 1, "\(gdb.output)\(gdb.errors)")
    #expect(machine.exitStatus() == MachineStatus.success)
  }

  /// Two watchpoints at one address, of which one is wider; and one for reads as well.
  @Test("watch what is written, what is read, and every byte of it")
  func watchpoints() throws {
    let machine = try StubMachine(.release, "gdb=wait")
    let target = try Target.attach(try Endpoint(parsing: "unix:\(machine.socket)"))
    try target.insertBreakpoint(.hardware, at: VirtualAddress(0x1000_0019))
    try target.resume()
    _ = try target.waitForStop(limit: .seconds(240))
    try target.removeBreakpoint(.hardware, at: VirtualAddress(0x1000_0019))
    let code = SteppedInstruction.userCode
    let data = SteppedInstruction.userStack
    // movb $1, 4(%rsi); movb (%rsi), %al; movb $1, (%rsi); jmp to itself.
    try target.writeMemory(
      VirtualAddress(code), bytes: [0xc6, 0x46, 4, 1, 0x8a, 0x06, 0xc6, 0x06, 1, 0xeb, 0xfe])
    try target.writeRegister("rsi", value: data)
    for (kinds, stops) in [
      ([.watchWrite(byteCount: 1), .watchWrite(byteCount: 8)], [4, 9]),
      ([.watchWrite(byteCount: 1)], [9]),
      ([.watchAccess(byteCount: 1)], [6, 9]),
    ] as [([BreakpointKind], [UInt64])] {
      for kind in kinds { try target.insertBreakpoint(kind, at: VirtualAddress(data)) }
      try target.writeRegister("rip", value: code)
      for offset in stops {
        try target.resume()
        guard case .signal(StopEvent.trapSignal, _, let watch?) = try target.waitForStop(limit: .seconds(240))
        else {
          Issue.record("no stop of \(kinds) at \(offset)")
          break
        }
        #expect(watch.address == data)
        // x86 stops behind the instruction.
        #expect(target.coreRegisters.rip == code + offset, "\(kinds)")
      }
      for kind in kinds.reversed() { try target.removeBreakpoint(kind, at: VirtualAddress(data)) }
    }
    target.kill()
    #expect(machine.exitStatus() == StubSessionTests.killed)
  }

  @Test("the description names every system register, and each has a value")
  func description() throws {
    let machine = try StubMachine(.release, "gdb=wait")
    let names = [
      "cr0", "cr2", "cr3", "cr4", "cr8", "efer", "tr", "tr_base", "tr_limit", "gdtr_base", "gdtr_limit",
      "idtr_base", "idtr_limit", "ldtr", "k_gs_base", "star", "lstar", "sfmask", "dr0", "dr1", "dr2", "dr3",
      "dr6", "dr7",
    ]
    // By name: on x86 gdb does not look at the group in which a description puts a register.
    let gdb = try machine.gdb([
      "info registers " + names.joined(separator: " "), "maint print xml-tdesc", "detach",
    ])
    for name in names {
      let line = gdb.lines.first { $0.hasPrefix(name + " ") }
      #expect(line?.contains(" 0x") == true, "\(name) in \(gdb.output)\(gdb.errors)")
    }
    #expect(gdb.output.contains("<architecture>i386:x86-64</architecture>"))
    #expect(gdb.output.contains("org.gnu.gdb.i386.core"))
    #expect(machine.exitStatus() == MachineStatus.success)
  }
}
