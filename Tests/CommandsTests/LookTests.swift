import Inspect
import Session
import Testing
import X86

/// The commands that look at the machine, against the running example.
@Suite struct LookTests {
  @Test func walk() {
    expectGolden(
      Transcript.both(
        [
          "walk 0xffffc90000004ff8", "walk 0x10000019", "walk $rsp", "walk start+0x10 0x102000",
          "walk 0xffffc90000004ff8 0x102000", "walk 0x800000000000", "walk 0x2000000",
        ], RunningExample.makeWithoutStack), "walk")
  }

  /// Every way in which a walk can end or lose a right.
  @Test func walkOddities() {
    expectGolden(
      Transcript.both(["walk 0x10000000", "walk 0x40000000", "walk 0x80000000", "walk 0xc0000000"]) {
        let machine = RunningExample.make()
        let directory = machine.qwords[RunningExample.processCR3, default: 0] & PageTableEntry.addressMask
        // A 1 GiB leaf that is no-execute, one with a padding bit, and a table outside RAM.
        machine.store(0x8000_0000_4000_0087, at: directory + 8)
        machine.store(0x0000_0000_8000_2087, at: directory + 16)
        machine.store(0x0000_0010_0000_0007, at: directory + 24)
        return machine
      }, "walk-oddities")
  }

  @Test func walkOutsideLongMode() {
    expectGolden(
      Transcript.both(["walk 0x1000", "cr3", "audit"]) {
        let machine = RunningExample.make()
        machine.registerFile.cr0 = CR0(rawValue: 0x11)
        machine.registerFile.efer = EFER(rawValue: 0)
        return machine
      }, "outside-long-mode")
  }

  @Test func cr3() { expectGolden(Transcript.both(["cr3"], RunningExample.make), "cr3") }

  @Test func rootTable() {
    expectGolden(
      Transcript.both(["pml4", "pml4 0x102000", "pml4 0x1000000"], RunningExample.makeWithoutStack), "pml4")
  }

  @Test func taskState() { expectGolden(Transcript.both(["tss"], RunningExample.makeWithoutStack), "tss") }

  @Test func descriptorTables() {
    expectGolden(Transcript.both(["gdt", "idt"], RunningExample.make), "gdt-idt")
  }

  /// The process's table has no stack in it, and an empty one has nothing.
  @Test func descriptorTablesUnderAnotherRoot() {
    expectGolden(
      Transcript.both(
        [
          "tss --cr3 0x102000", "gdt --cr3 0x102000", "idt --cr3 0x1c5000", "tss --cr3 0xf00000",
          "gdt --cr3 0xf00000", "idt --cr3 0xf00000", "ldt --cr3 0xf00000", "tss --cr3", "gdt --cr3 nobody",
          "idt 0x102000", "tss --cr3 $cr3 + 0",
        ], RunningExample.makeWithoutStack), "tables-under-cr3")
  }

  @Test func tablesThatTheTargetDoesNotGive() {
    expectGolden(
      Transcript.both(["tss", "gdt", "idt", "info registers"]) {
        let machine = RunningExample.make()
        machine.registerFile.taskRegister = nil
        machine.registerFile.globalTable = nil
        machine.registerFile.interruptTable = nil
        machine.registerFile.fsBase = nil
        return machine
      }, "unknown-tables")
  }

  @Test func frame() {
    expectGolden(
      Transcript.both(["frame", "frame $rsp", "frame 0x1234"], RunningExample.make), "frame-at-iretq")
    expectGolden(Transcript.both(["frame"], RunningExample.makeInDoubleFault), "frame-in-handler")
    expectGolden(
      Transcript.both(["frame"]) {
        let machine = RunningExample.makeInDoubleFault()
        machine.registerFile.rip += 4
        machine.registerFile.rsp -= 0x100
        return machine
      }, "frame-deep-in-handler")
    expectGolden(
      Transcript.both(["frame"]) {
        let machine = RunningExample.make()
        machine.registerFile.rip = RunningExample.text
        machine.registerFile.rsp = RunningExample.data + 0x800
        return machine
      }, "frame-nowhere")
  }

  @Test func registers() {
    expectGolden(
      Transcript.both(
        ["info registers", "info registers rip $rsp pc", "info registers foo"], RunningExample.make),
      "info-registers")
  }

  @Test func examine() {
    expectGolden(
      Transcript.both(
        [
          "x/4gx $rsp", "x", "x/3i 0x10000014", "x/6xb 0x10000019", "x/2dw 0x10000000", "x/2uh 0x10000000",
          "x/tb 0x10000000", "x/ob 0x10000000", "x/2a ringside_debugger_table+8", "x/5c 0x10000015",
          "x/s 0x10000000", "x/2gx 0xffffc90000000ff8", "x/zz 0", "x/0x 0", "x/3q 0",
        ], RunningExample.make), "x")
  }

  @Test func examineWithoutAddress() {
    expectGolden(Transcript.both(["x"], RunningExample.make), "x-nowhere")
  }

  @Test func examinePhysical() {
    expectGolden(
      Transcript.both(
        [
          "xp/2gx 0x1c5c90", "xp/4xb 0x300019", "xp/gx 0xfffff8", "xp/2gx 0xfffff8", "xp/i 0", "xp",
          "xp/x -1",
        ],
        RunningExample.make), "xp")
  }

  @Test func print() {
    expectGolden(
      Transcript.both(
        [
          "p $rip", "print start + 0x10 - 4", "p/x 255", "p/d 0xffffffffffffffff", "p/t 5", "p/o 8", "p/u -1",
          "p (1+2)-(4)", "p 0x1_0000", "p twice", "p nobody", "p $nobody", "p 12z", "p 1 +", "p /q 1",
          "p/q 1",
          "p 99999999999999999999", "p 'start'", "p *$rsp", "p {u16}($rsp+8) & 3 == 3", "p $eax",
          "p $al + $r8d", "p *0",
          "p {u32 physical} 0x300000", "p {u32 physical} 1 << 60", "p 1/0", "p 1 < 2 && 3 != 4",
        ], RunningExample.make), "print")
  }

  @Test func set() {
    expectGolden(
      Transcript.both(
        [
          "set $rax = 0x1122334455667788", "set $al = 0x1ff", "p $rax", "set $sp = $sp - 8",
          "set var $eax=1==1", "p $rax", "set variable $rbx = 7",
          "set {u16} 0x10000000 = -2", "x/4bx 0x10000000", "set {i8} 0x10000001 = 0x80",
          "set *0x10000000 = start",
          "set {u32 physical} 0x300004 = 1 <= 2", "p *0x10000000", "set *(u8*)0x10000000 = 256",
          "set $rbx = 5",
          "set start = 5", "set $nobody = 5", "set $rax", "set $rax == 5", "set $rax <= 5",
          "set {u8} (0x10000000 + ($rax != 9)) = 3", "set = 5", "set $rax =", "set *8 = 1",
          "set {u8 physical} 1<<40 = 1", "set {u8 physical} (1<<60) = 1", "set {u8 physical} (1<<40) = 1",
        ]
      ) {
        let machine = RunningExample.make()
        machine.fixedRegisters = ["rbx"]
        return machine
      }, "set")
  }

  @Test func withoutSymbols() {
    expectGolden(
      Transcript.both(
        ["p start", "check on", "cr3", "info symbol $rip", "pml4"], program: nil, RunningExample.make),
      "without-symbols")
  }

  @Test func aLostTargetIsNamedAsSuch() {
    let machine = RunningExample.make()
    machine.failure = .connectionClosed
    let text = Transcript(machine).run(["tss"])
    expectGolden(text, "lost")
  }

  /// Stacks that belong to a symbol, and an I/O permission bitmap inside of the limit, the end of which is not mapped.
  @Test func namedStacksAndAMapOfPorts() {
    var program = FakeProgram()
    program.symbols.append(("boot_stack", RunningExample.rsp0 - 0x1000, 0x1000))
    let machine = RunningExample.make()
    machine.registerFile.taskRegister?.limit = 0x69
    let inside = Transcript(machine, program: program).run(["tss"])
    #expect(inside.contains("  boot_stack+0xff8\n"), "\(inside)")
    #expect(inside.contains("  IOPB  0x68, inside the limit, mapped: Ring 3 may have ports\n"), "\(inside)")
    machine.registerFile.taskRegister?.limit = 0xffff
    let cut = Transcript(machine, program: program).run(["tss"])
    #expect(
      cut.contains(
        /IOPB  0x68, inside the limit, not mapped at 0x[0-9a-f]+, .*: an access to a port faults\n/), "\(cut)"
    )
    let json = Transcript(machine, program: program).run(["tss"], .json)
    #expect(json.contains(/"ioMapUnmappedAt":"0x[0-9a-f]+000"/), "\(json)")
    #expect(json.contains("\"symbol\":\"boot_stack+0xff8\""))
  }
}
