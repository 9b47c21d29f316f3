import RingTransition
import TestSupport
import Testing
import X86

/// Failures that show themselves later than they happen: behind a return, behind a complete frame, at the end of a
/// stack.
@Suite struct LateFailureTests {
  private func machine(_ change: (inout TestMachine) -> Void) -> TestMachine {
    var machine = TestMachine.healthy
    change(&machine)
    return machine
  }

  /// `iretq` needs the GDT, and so does every exception that it raises.
  @Test func returnWithoutAGlobalTable() {
    let diagnosis = machine {
      $0.clear(.pageTable, of: Layout.gdt)
      $0.registers.cr2 = Layout.gdt + 8
    }.diagnosed(.tripleFault)
    #expect(diagnosis.summary == "DX-08b | proven | RT-60 | 14(0) 8(0) shutdown cr2 ffffffff80010008")
    guard case .access(let walk, _, _) = diagnosis.evidence else {
      Issue.record("no walk")
      return
    }
    #expect(walk.physicalAddress == nil)
    #expect(walk.address.rawValue & ~0xfff == Layout.gdt & ~0xfff)
  }

  /// The frame is bad, but what ends the machine is that nothing can be delivered.
  @Test func badReturnWithoutAnInterruptTable() {
    let diagnosis = machine {
      $0.editFrame { $0.ss = 0 }
      $0.clear(.pageTable, of: Layout.idt)
      $0.registers.cr2 = Layout.gate(8)
    }.diagnosed(.tripleFault)
    #expect(diagnosis.cause == .tablesUnmapped)
    #expect(diagnosis.rule == .interruptTableMapped)
    #expect(diagnosis.confidence == .proven)
    // Another address in CR2: it was something else.
    let stale = machine {
      $0.editFrame { $0.ss = 0 }
      $0.clear(.pageTable, of: Layout.idt)
      $0.registers.cr2 = 0x1234
    }.diagnosed(.tripleFault)
    #expect(stale.cause == .returnState)
    #expect(stale.confidence == .signature)
  }

  /// TCG pushes the frame, changes the privilege, and only then looks at the offset.
  @Test func gateOffsetNotCanonical() {
    let offset: UInt64 = 0x9000_0000_0000
    let below = Layout.rsp0 - InterruptFrame.byteCount
    func diagnosis(at rip: UInt64) -> Diagnosis {
      machine {
        $0.setGate(0x80, offset: offset, privilege: 3)
        $0.registers.rsp = below
        $0.setFrame(TestMachine.program(at: Layout.interruptInstruction + 2))
        $0.standInHandler(
          of: 13, frame: InterruptFrame(rip: rip, cs: 8, rflags: .fixedOne, rsp: below, ss: 0), errorCode: 0,
          top: below & ~15, cr2: 0, depth: 0)
      }.diagnosed(.handler)
    }
    #expect(
      diagnosis(at: offset).summary == "DX-17 | proven | RT-69 | 128 13(0) rip 900000000000 current stack")
    #expect(diagnosis(at: offset + 0x1000).cause == .kernelException)
  }

  /// On an IST stack the frame without an error code ends where the one with it would; only RSP tells, and a zero may
  /// lie where the code would be.
  @Test func timerOnTheDoubleFaultStack() {
    let top = Layout.interruptStackTop(1)
    let shifted = machine {
      $0.storeVirtual(0, at: top - 48)
      $0.standInHandler(
        of: 8, frame: TestMachine.program(at: Layout.userText + 0x40), errorCode: nil, top: top, cr2: 0,
        depth: 0)
    }.diagnosed(.handler) { $0.interruptInService = 8 }
    #expect(shifted.summary == "DX-18 | signature | RT-74")
    #expect(shifted.located?.errorCode == nil)
    let real = machine {
      $0.standInHandler(
        of: 8, frame: TestMachine.program(at: Layout.userText + 0x40), errorCode: 0, top: top, cr2: 0,
        depth: 0)
    }.diagnosed(.handler)
    #expect(real.cause != .controllerNotRemapped)
    #expect(real.located?.errorCode == 0)
  }

  /// A store far below RSP, into a page of the stack that is not there.
  @Test func holeFarBelowTheStackPointer() {
    let rsp = Layout.rsp0 - 0x300
    func diagnosis(cr2: UInt64, vector: UInt8) -> Diagnosis {
      machine {
        for page in 1...3 { $0.clear(.pageTable, of: Layout.rsp0 - 8 - UInt64(page) * 4096) }
        $0.standInHandler(
          of: vector,
          frame: InterruptFrame(rip: Layout.kernelText + 0x80, cs: 8, rflags: .fixedOne, rsp: rsp, ss: 0),
          errorCode: vector == 14 ? 2 : 0, top: rsp & ~15, cr2: cr2, depth: 0)
      }.diagnosed(.handler)
    }
    let hole = rsp - 0x1008
    #expect(
      diagnosis(cr2: hole, vector: 14).summary
        == "DX-14 | proven | RT-28 | 14(2) rip ffffffff80001080 current stack cr2 ffffc90000003cf8")
    #expect(diagnosis(cr2: hole, vector: 13).cause == .kernelException)
    #expect(diagnosis(cr2: Layout.rsp0 - 8, vector: 14).cause == .kernelException)
  }

  /// The stack ended at another instruction than the one that faulted again and again.
  @Test(arguments: [(4, Cause.recursiveFault), (2, .stackOverflow)] as [(Int, Cause)])
  func recursionThatUsedUpTheStack(depth: Int, cause: Cause) {
    let bottom = Layout.rsp0 - Layout.stackSize
    let stride: UInt64 = 0x220
    let first = bottom + 0x400
    let diagnosis = machine { machine in
      for level in 0..<depth {
        let rsp = first + UInt64(level) * stride
        machine.registers.rsp = (rsp & ~15) - InterruptFrame.byteCount
        machine.setFrame(
          InterruptFrame(rip: Layout.kernelText + 0x90, cs: 8, rflags: .fixedOne, rsp: rsp, ss: 0))
      }
      machine.standInHandler(
        of: 8,
        frame: InterruptFrame(
          rip: Layout.kernelText + 0x80, cs: 8, rflags: .fixedOne, rsp: bottom + 8, ss: 0),
        errorCode: 0, top: Layout.interruptStackTop(1), cr2: bottom - 8)
    }.diagnosed(.handler)
    #expect(diagnosis.cause == cause)
    guard cause == .recursiveFault else { return }
    guard case .value(.frameRIP, Layout.kernelText + 0x90) = diagnosis.evidence else {
      Issue.record("\(String(describing: diagnosis.evidence))")
      return
    }
  }

  /// The gate of a device's vector is absent: the error code names it, in eights or in sixteens.
  @Test(arguments: [(Engine.architecture, 0x103), (.qemuTCG72, 0x202)] as [(Engine, UInt64)])
  func interruptWithoutAGate(engine: Engine, code: UInt64) {
    let diagnosis = machine {
      $0.removeGate(0x20)
      $0.storeVirtual([0xeb, 0xfe], at: Layout.userText + 0x40)
      $0.standInHandler(
        of: 11, frame: TestMachine.program(at: Layout.userText + 0x40), errorCode: code, top: Layout.rsp0,
        cr2: 0,
        depth: 0)
    }.diagnosed(.handler) { $0.engine = engine }
    #expect(diagnosis.cause == .gateUnusable)
    #expect(diagnosis.confidence == .proven)
    #expect(diagnosis.event == .externalInterrupt(0x20))
  }

  /// What would be said of a prediction that came true.
  @Test func foreseenCauses() {
    var broken = machine { $0.clear(.pageTable, of: Layout.rsp0 - 8) }
    let chain = deliver(.externalInterrupt(0x20), to: TestMachine.program(), on: &broken)
    #expect(chain.foreseenCause(on: broken.registers) == .stackUnmapped)
    var healthy = TestMachine.healthy
    let arrives = deliver(.externalInterrupt(0x20), to: TestMachine.program(), on: &healthy)
    #expect(arrives.foreseenCause(on: healthy.registers) == nil)
    var frame = machine { $0.editFrame { $0.ss = 0 } }
    guard case .faults(let fault) = predictReturn(.iretq, on: &frame) else {
      Issue.record("no fault")
      return
    }
    #expect(fault.foreseenCause(on: frame.registers) == .returnState)
  }
}
