import Render
import RingTransition
import Testing
import X86

/// What `explain` says of failures that a machine in the double-fault handler does not show: whole output.
@Suite struct ExplainCauseTests {
  /// The return itself faults: the frame names a segment of Ring 0.
  @Test func returnThatFaults() {
    let machine = RunningExample.make()
    machine.store(0x0b, linear: RunningExample.exitFrame + 8, root: RunningExample.processCR3)
    let text = Transcript(machine).run(["explain"])
    #expect(text.contains("the return itself: #GP (error 0x8) in Ring 0, at the iretq\n"), "\(text)")
    #expect(
      text.contains(
        "what happens next: #GP (error 0x8) -> handler 0xffffffff800004d0, at RIP 0xffffffff80000120 on the "
          + "current stack\n"), "\(text)")
    #expect(text.contains("how to fix it: correct the selector or the GDT"), "\(text)")
    let json = Transcript(machine).run(["explain"], .json)
    #expect(
      json.contains(
        ##""returnFault":{"ring":0,"rip":"0xffffffff80000120","rule":"RT-006","text":"#GP (error 0x8) in Ring 0, "##
          + #"at the iretq"}"#), "\(json)")
  }

  /// After that fault: in the handler of #GP, on the stack that the kernel returned from.
  @Test func returnThatFaulted() {
    expectGolden(
      Transcript.both(["explain"]) {
        let machine = RunningExample.make()
        machine.store(0x0b, linear: RunningExample.exitFrame + 8, root: RunningExample.processCR3)
        let handler = RunningExample.doubleFaultHandler + 0x100
        let gate = GateDescriptor(
          offset: VirtualAddress(handler), selector: SegmentSelector(rawValue: 8), type: .interruptGate,
          privilege: 0, interruptStack: 0)
        machine.store(gate.low, linear: RunningExample.idt + 13 * 16, root: RunningExample.processCR3)
        machine.store(gate.high, linear: RunningExample.idt + 13 * 16 + 8, root: RunningExample.processCR3)
        let top = RunningExample.exitFrame & ~0xf
        for (index, word) in [8, RunningExample.iretq, 0x08, 0x2, RunningExample.exitFrame, 0x10].enumerated()
        {
          machine.store(word, linear: top - 48 + UInt64(index * 8), root: RunningExample.processCR3)
        }
        machine.registerFile.rip = handler
        machine.registerFile.rsp = top - 48
        return machine
      }, "explain-returned-fault")
  }

  /// No instruction asked for anything; the controller still waits for the end of its interrupt.
  @Test func interruptThatCouldNotBeDelivered() {
    expectGolden(
      Transcript.both(["explain"]) {
        let machine = RunningExample.makeInDoubleFault()
        machine.store(
          RunningExample.userText, linear: RunningExample.interruptStackTop(1) - 40,
          root: RunningExample.processCR3)
        machine.monitorReplies["info lapic"] = "ISR\t (none)\nIRR\t (none)\n"
        machine.monitorReplies["info pic"] = """
          pic1: irr=00 imr=ff isr=00 hprio=0 irq_base=28 rr_sel=0 elcr=0c fnm=0
          pic0: irr=01 imr=ee isr=01 hprio=0 irq_base=20 rr_sel=0 elcr=00 fnm=0
          """
        return machine
      }, "explain-interrupt")
  }

  /// The error code is the one that QEMU 7.2 makes, and QEMU says that it is one.
  @Test func errorCodeOfTheEmulator() {
    expectGolden(
      Transcript.both(["explain"]) {
        let machine = RunningExample.makeInDoubleFault()
        machine.monitorReplies["info kvm"] = "kvm support: disabled\r\n"
        machine.monitorReplies["info version"] = "7.2.22Debian 1:7.2+dfsg\r\n"
        return machine
      }, "explain-emulator")
  }

  /// Nothing has failed, and nothing can happen any more.
  @Test func interruptsMasked() {
    expectGolden(
      Transcript.both(["explain"]) {
        let machine = RunningExample.make()
        machine.registerFile.rip = RunningExample.userText
        machine.registerFile.cs = SegmentSelector(rawValue: 0x33)
        machine.registerFile.ss = SegmentSelector(rawValue: 0x2b)
        machine.registerFile.rflags = .fixedOne
        return machine
      }, "explain-masked")
  }

  /// Ring 3 runs: neither is there a return to judge, nor has anything happened.
  @Test func ringThreeRuns() {
    expectGolden(
      Transcript.both(["explain", "audit --rules 1..17,26,144"]) {
        let machine = RunningExample.make()
        machine.registerFile.rip = RunningExample.userText
        machine.registerFile.rsp = 0x7fff_f000
        machine.registerFile.cs = SegmentSelector(rawValue: 0x33)
        machine.registerFile.ss = SegmentSelector(rawValue: 0x2b)
        machine.registerFile.rflags = .fixedOne | .interruptEnable
        return machine
      }, "explain-running")
  }

  /// Somewhere in a handler that does not say which one it is: the frame is there, and what pushed it is a guess.
  @Test func vectorThatNothingTells() {
    expectGolden(
      Transcript.both(["explain", "audit --rules 1..17,26,144"]) {
        let machine = RunningExample.make()
        let frame: [UInt64] = [RunningExample.userInt + 2, 0x33, 0x202, 0x7fff_f000, 0x2b]
        for (index, word) in frame.enumerated() {
          machine.store(
            word, linear: RunningExample.rsp0 - 40 + UInt64(index * 8), root: RunningExample.kernelCR3)
        }
        machine.registerFile.rip = RunningExample.text + 0x10
        machine.registerFile.rsp = RunningExample.rsp0 - 0x200
        machine.registerFile.cr2 = 0
        return machine
      }, "explain-unknown-vector")
  }

  /// Whatever rule is violated, there is something to do about it.
  @Test func everyRuleHasAFix() {
    var count = 0
    for number in 1...Rule.highestNumber {
      guard let rule = Rule(number: number) else { continue }
      count += 1
      let finding = Finding(rule, .violated(.value(.rax, 0)))
      #expect(!finding.fixWords.isEmpty, "\(rule.identifier) \(rule.name)")
    }
    #expect(count == Rule.catalogueCount)
  }
}
