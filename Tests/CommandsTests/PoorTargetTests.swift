import Inspect
import Session
import Testing
import X86

/// Targets that do not give everything, and processors that are not in long mode: every command does what it can, and
/// says in one line what it cannot know.
@Suite struct PoorTargetTests {
  private static let look = [
    "info registers", "info registers cr3", "print $cr3", "print $rip", "cr3", "pml4", "pml4 0x1c5000",
    "walk $rip",
    "walk $rip 0x1c5000", "tss", "gdt", "idt", "frame", "audit", "explain", "backtrace", "x/2gx $rsp",
    "x/2i $rip",
    "xp/2gx 0x102000", "check on", "catch vector 14", "catch cr3", "break $rip --cr3 current", "print *$rsp",
    "info symbol $rip", "info breakpoints",
  ]

  /// The stack and the code as the stub reads them.
  private static func linearMemory(_ machine: FakeMachine) -> [UInt64: UInt8] {
    var memory: [UInt64: UInt8] = [:]
    for page in [RunningExample.exitStack, RunningExample.text] {
      for (offset, byte) in machine.bytes(at: VirtualAddress(page), count: 4096).enumerated() {
        memory[page + UInt64(offset)] = byte
      }
    }
    return memory
  }

  /// VMware, Bochs and others: the core registers and linear memory.
  @Test func withoutControlRegisters() {
    expectGolden(
      Transcript.both(Self.look) {
        let machine = RunningExample.make()
        machine.linearMemory = Self.linearMemory(machine)
        machine.knowsControlRegisters = false
        machine.registerFile.cr0 = CR0(rawValue: 0)
        machine.registerFile.cr3 = CR3(rawValue: 0)
        machine.registerFile.cr4 = CR4(rawValue: 0)
        machine.registerFile.efer = EFER(rawValue: 0)
        machine.registerFile.taskRegister = nil
        machine.registerFile.globalTable = nil
        machine.registerFile.interruptTable = nil
        return machine
      }, "without-control-registers")
  }

  @Test func withoutPhysicalMemory() {
    expectGolden(
      Transcript.both(Self.look) {
        let machine = RunningExample.make()
        machine.linearMemory = Self.linearMemory(machine)
        machine.memoryWay = nil
        return machine
      }, "without-physical-memory")
  }

  /// A processor that has just been reset: tables and stacks mean something else, or nothing.
  @Test func inRealMode() {
    expectGolden(
      Transcript.both(Self.look) {
        let machine = FakeMachine(memoryByteCount: 1 << 20)
        machine.registerFile.cr0 = CR0(rawValue: 0x6000_0010)
        // mov ax, 0x1234; jmp to itself
        machine.store(0xfeeb_1234_b8, at: 0xfff0)
        machine.registerFile.rip = 0xfff0
        machine.registerFile.rflags = RFlags(rawValue: 2)
        machine.registerFile.cs = SegmentSelector(rawValue: 0xf000)
        machine.registerFile.taskRegister = SegmentCache(
          selector: SegmentSelector(rawValue: 0), base: 0, limit: 0xffff, attributes: nil)
        machine.registerFile.globalTable = TableRegister(base: VirtualAddress(0), limit: 0xffff)
        machine.registerFile.interruptTable = TableRegister(base: VirtualAddress(0), limit: 0x3ff)
        return machine
      }, "in-real-mode")
  }

  /// 32 bits without paging: linear addresses are physical ones, and system descriptors have 8 bytes.
  @Test func inProtectedMode() {
    expectGolden(
      Transcript.both([
        "cr3", "walk 0x1000", "gdt", "idt", "tss", "x/2gx 0x1000", "x/2i $rip", "frame", "backtrace",
        "explain",
      ]) {
        let machine = FakeMachine(memoryByteCount: 1 << 20)
        machine.registerFile.cr0 = CR0(rawValue: 0x11)
        machine.registerFile.rip = 0x7c00
        machine.registerFile.rsp = 0x7000
        machine.registerFile.general[5] = 0
        machine.registerFile.cs = SegmentSelector(rawValue: 0x08)
        machine.registerFile.taskRegister = SegmentCache(
          selector: SegmentSelector(rawValue: 0x18), base: 0x2000, limit: 0x67, attributes: nil)
        machine.registerFile.globalTable = TableRegister(base: VirtualAddress(0x1000), limit: 0x1f)
        machine.registerFile.interruptTable = TableRegister(base: VirtualAddress(0x3000), limit: 0x7ff)
        machine.store(0xfeeb_1234_5678_b8, at: 0x7c00)
        machine.store(0x00cf_9b00_0000_ffff, at: 0x1008)
        machine.store(0x00cf_9300_0000_ffff, at: 0x1010)
        machine.store(0x0000_8900_2000_0067, at: 0x1018)
        return machine
      }, "in-protected-mode")
  }
}
