import Inspect
import Session
import Testing
import X86

/// The commands that judge: explain, audit, check.
@Suite struct JudgeTests {
  @Test func explainTheRunningExample() {
    expectGolden(Transcript.both(["explain"], RunningExample.makeWithoutStack), "explain-unmapped-stack")
  }

  @Test func explainAMachineThatIsReady() {
    expectGolden(Transcript.both(["explain", "audit"], RunningExample.make), "explain-ready")
  }

  @Test func explainTheDoubleFault() {
    expectGolden(Transcript.both(["explain"], RunningExample.makeInDoubleFault), "explain-double-fault")
  }

  @Test func explainWithoutAKernelTable() {
    var program = FakeProgram()
    program.symbols.removeAll { $0.name == KernelTable.symbol }
    expectGolden(
      Transcript.both(["explain", "cr3"], program: program, RunningExample.makeWithoutStack),
      "explain-without-reference")
  }

  /// A kernel that says nothing about itself: the table seen at an earlier stop serves.
  @Test func explainWithATableSeenBefore() {
    var program = FakeProgram()
    program.symbols.removeAll { $0.name == KernelTable.symbol }
    expectGolden(
      Transcript.both(["c", "explain"], program: program) {
        let machine = RunningExample.makeWithoutStack()
        machine.registerFile.cr3 = CR3(rawValue: RunningExample.kernelCR3)
        machine.registerFile.rip = RunningExample.text
        machine.episodes = [
          { machine in
            .signal(StopEvent.interruptSignal, thread: nil, watch: nil)
          }
        ]
        return machine
      }, "explain-earlier-table-none")
    expectGolden(
      Transcript.both(["c", "si", "explain"], program: program) {
        let machine = RunningExample.makeWithoutStack()
        machine.registerFile.cr3 = CR3(rawValue: RunningExample.kernelCR3)
        machine.registerFile.rip = RunningExample.text
        machine.episodes = [
          { _ in .signal(StopEvent.interruptSignal, thread: nil, watch: nil) },
          { machine in
            machine.registerFile.cr3 = CR3(rawValue: RunningExample.processCR3)
            machine.registerFile.rip = RunningExample.iretq
            return .signal(StopEvent.trapSignal, thread: nil, watch: nil)
          },
        ]
        return machine
      }, "explain-earlier-table")
  }

  @Test func explainAReadOnlyStack() {
    expectGolden(
      Transcript.both(["explain"]) {
        let machine = RunningExample.make()
        var view = machine
        let walk = view.walk(
          VirtualAddress(RunningExample.rsp0 - 8), root: CR3(rawValue: RunningExample.processCR3).root,
          mode: machine.registerFile.pagingMode)
        let leaf = walk[walk.count - 1]
        machine.store(leaf.entry.rawValue & ~2, at: leaf.entryAddress.rawValue)
        return machine
      }, "explain-read-only-stack")
  }

  @Test func explainAStackPointerOfZero() {
    expectGolden(
      Transcript.both(["explain", "tss"]) {
        let machine = RunningExample.make()
        machine.store(bytes: Array(repeating: 0, count: 8), at: 0x210100 + 4)
        return machine
      }, "explain-zero-stack-pointer")
  }

  @Test func explainANonCanonicalStackPointer() {
    expectGolden(
      Transcript.both(["explain", "tss"]) {
        let machine = RunningExample.make()
        machine.store(bytes: [0, 0, 0, 0, 0, 0x90, 0, 0], at: 0x210100 + 4)
        return machine
      }, "explain-non-canonical-stack-pointer")
  }

  /// A triple fault: #DF has no usable stack either, and QEMU holds the machine.
  @Test func explainAShutdown() {
    expectGolden(
      Transcript.both(["c", "explain", "c"]) {
        let machine = RunningExample.makeWithoutStack()
        machine.store(0, linear: RunningExample.idt + 8 * 16, root: RunningExample.kernelCR3)
        machine.episodes = [
          { machine in
            machine.registerFile.rip = RunningExample.userInt
            machine.registerFile.rsp = 0x7fff_f000
            machine.registerFile.cs = SegmentSelector(rawValue: 0x33)
            machine.registerFile.ss = SegmentSelector(rawValue: 0x2b)
            machine.registerFile.cr2 = RunningExample.rsp0 - 8
            return .shutdown(.reset)
          }
        ]
        return machine
      }, "explain-shutdown")
  }

  @Test func explainNothing() {
    expectGolden(
      Transcript.both(["explain"]) {
        let machine = RunningExample.make()
        machine.registerFile.rip = RunningExample.text
        machine.registerFile.rsp = RunningExample.data + 0x800
        return machine
      }, "explain-nothing")
  }

  /// The stack is there under the kernel's own table, and rules can be picked.
  @Test func partsOfAnAudit() {
    expectGolden(
      Transcript.both(
        [
          "audit --cr3 0x100000+0x2000 --rules RT-020..RT-029,90", "audit --rules 26",
          "audit --rules RT-026,RT-33",
          "audit --scope return --rules 41..49", "audit --scope change --rules 41..49",
          "audit --severity fatal --rules RT-024..RT-033", "audit --rules", "audit --rules RT-999",
          "audit --rules 9-8",
          "audit --scope none", "audit --severity bad", "audit --cr3 nobody", "audit now",
        ], RunningExample.makeWithoutStack), "audit-parts")
  }

  @Test func engines() {
    expectGolden(
      Transcript.both(["explain --engine architecture", "explain --engine machine", "explain --engine warp"])
      {
        let machine = RunningExample.make()
        machine.monitorReplies = ["info kvm": "kvm support: disabled", "info version": "7.2.22 (Debian)"]
        // A frame that TCG returns to and the architecture refuses.
        machine.store(0x0000_8000_0000_0000, linear: RunningExample.exitFrame, root: RunningExample.kernelCR3)
        return machine
      }, "explain-engines")
  }

  @Test func audit() {
    expectGolden(Transcript.both(["audit"], RunningExample.makeWithoutStack), "audit-violated")
  }
}
