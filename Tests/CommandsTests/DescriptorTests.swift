import Testing
import X86

/// ldt, cr, msr, and what idt says of handlers.
@Suite struct DescriptorTests {
  @Test func localTable() {
    expectGolden(
      Transcript.both(["ldt", "ldt x"], RunningExample.make) + "\n"
        + Transcript.both(["ldt"]) {
          let machine = RunningExample.make()
          machine.registerFile.localTable = SegmentCache(
            selector: SegmentSelector(rawValue: 0x38), base: RunningExample.gdt, limit: 0x17, attributes: nil)
          return machine
        }
        + Transcript.both(["ldt"]) {
          let machine = RunningExample.make()
          machine.registerFile.localTable = nil
          return machine
        }, "ldt")
  }

  @Test func controlRegisters() {
    expectGolden(
      Transcript.both(["cr", "cr x", "info registers cr3 cs eax"]) {
        let machine = RunningExample.make()
        machine.registerFile.cr4 = CR4(rawValue: 0x20060)
        machine.registerFile.cr3 = CR3(rawValue: RunningExample.processCR3 | 5)
        machine.registerFile.csCache = SegmentCache(
          selector: SegmentSelector(rawValue: 8), base: 0, limit: 0xffff_ffff,
          attributes: SegmentAttributes(rawValue: 0xa09b))
        machine.registerFile.debugAddress = [0x1000, 0x2000, 0, 0x4000]
        machine.registerFile.debugStatus = 0xffff_4ff1
        // 0 executes, 1 writes of eight bytes (global), 3 reads and writes of four, and GD.
        machine.registerFile.debugControl =
          1 | 1 << 3 | 1 << 6 | 1 << 13 | 1 << 20 | 2 << 22 | 3 << 28 | 3 << 30
        return machine
      }, "cr")
  }

  @Test func modelSpecificRegisters() {
    var program = FakeProgram()
    program.borrowable = [RunningExample.text + 0x10]
    func make() -> FakeMachine {
      let machine = RunningExample.make()
      machine.store(bytes: [0x0f, 0x32], at: 0x200010)
      machine.modelSpecific = [
        0x1b: 0xfee0_0d00, 0x277: 0x0007_0406_0007_0406, 0xc000_0080: 0xd01,
        0xc000_0081: 0x0023_0008_0000_0000, 0xc000_0082: RunningExample.text, 0xc000_0084: 0x47700,
      ]
      return machine
    }
    expectGolden(
      Transcript.both(
        ["msr", "msr IA32_LSTAR 0x277", "msr 0xdead", "msr nobody", "msr 0x100000000"], program: program, make
      )
        + "\n"
        + Transcript.both(["msr star"], program: program) {
          let machine = make()
          machine.registerFile.cs = SegmentSelector(rawValue: 0x33)
          return machine
        } + "\n" + Transcript.both(["msr star"], RunningExample.make), "msr")
  }

  /// A handler on a page without the right, one on a page of Ring 3 under SMEP, and one that is mapped nowhere.
  @Test func handlersThatCannotBeExecuted() {
    func gate(_ offset: UInt64) -> GateDescriptor {
      GateDescriptor(
        offset: VirtualAddress(offset), selector: SegmentSelector(rawValue: 8), type: .interruptGate,
        privilege: 0, interruptStack: 0)
    }
    expectGolden(
      Transcript.both(["idt"]) {
        let machine = RunningExample.make()
        machine.registerFile.cr4 = CR4(rawValue: 0x100060)
        for (vector, offset) in [
          (0, RunningExample.data), (1, RunningExample.userText), (2, 0xffff_c900_0000_0000),
        ]
          as [(UInt64, UInt64)]
        {
          machine.store(
            gate(offset).low, linear: RunningExample.idt + vector * 16, root: RunningExample.kernelCR3)
          machine.store(
            gate(offset).high, linear: RunningExample.idt + vector * 16 + 8, root: RunningExample.kernelCR3)
        }
        return machine
      }, "idt-handlers")
  }
}
