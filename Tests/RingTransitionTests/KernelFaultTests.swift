import RingTransition
import TestSupport
import Testing
import X86

/// The interrupted program was the kernel itself.
@Suite struct KernelFaultTests {
  /// A fault in Ring 0 whose handler runs on IST5.
  private func diagnose(
    vector: UInt8, errorCode: UInt64, rip: UInt64, rsp: UInt64, cr2: UInt64 = 0, rflags: RFlags = .fixedOne,
    _ change: (inout TestMachine) -> Void
  ) -> Diagnosis {
    var machine = TestMachine.healthy
    change(&machine)
    let slot = vector == 8 ? 1 : 5
    if vector != 8 { machine.setGate(vector, interruptStack: 5) }
    machine.standInHandler(
      of: vector, frame: InterruptFrame(rip: rip, cs: 8, rflags: rflags, rsp: rsp, ss: 0x10),
      errorCode: errorCode, top: Layout.interruptStackTop(slot), cr2: cr2)
    return machine.diagnosed(.handler)
  }

  private static let returnRSP = Layout.exitStackTop - InterruptFrame.byteCount

  @Test func badCodeSelector() {
    let diagnosis = diagnose(vector: 13, errorCode: 0x30, rip: Layout.iretq, rsp: Self.returnRSP) {
      $0.setDescriptor(6, 0x00af_9b00_0000_ffff)
    }
    #expect(diagnosis.summary == "DX-15 | proven | RT-6 | 13(30) rip ffffffff80001100 ist5")
  }

  @Test func absentStackSegment() {
    let diagnosis = diagnose(vector: 12, errorCode: 0x28, rip: Layout.iretq, rsp: Self.returnRSP) {
      $0.setDescriptor(5, 0x00cf_7300_0000_ffff)
    }
    #expect(diagnosis.summary == "DX-15 | proven | RT-7 | 12(28) rip ffffffff80001100 ist5")
  }

  @Test func nullStackSelector() {
    let diagnosis = diagnose(vector: 13, errorCode: 0, rip: Layout.iretq, rsp: Self.returnRSP) {
      $0.editFrame { $0.ss = 0 }
    }
    #expect(diagnosis.summary == "DX-16 | proven | RT-7 | 13(0) rip ffffffff80001100 ist5")
  }

  @Test func nestedTask() {
    let diagnosis = diagnose(
      vector: 13, errorCode: 0, rip: Layout.iretq, rsp: Self.returnRSP, rflags: .fixedOne | .nestedTask
    ) { _ in }
    #expect(diagnosis.summary == "DX-16 | proven | RT-3 | 13(0) rip ffffffff80001100 ist5")
  }

  @Test func nonCanonicalRIP() {
    let diagnosis = diagnose(vector: 13, errorCode: 0, rip: Layout.iretq, rsp: Self.returnRSP) {
      $0.editFrame { $0.rip = 0x9000_0000_0000 }
    }
    #expect(diagnosis.summary == "DX-16 | proven | RT-5 | 13(0) rip ffffffff80001100 ist5")
  }

  @Test func frameNotMapped() {
    let diagnosis = diagnose(
      vector: 14, errorCode: 0, rip: Layout.iretq, rsp: Self.returnRSP, cr2: Self.returnRSP
    ) { $0.clear(.pageTable, of: Layout.exitStackTop - 8) }
    #expect(
      diagnosis.summary
        == "returnFrameUnreadable | proven | RT-1 | 14(0) rip ffffffff80001100 ist5 cr2 ffffc98000004fd8")
  }

  private func handlerFault(
    _ code: UInt64, _ change: (inout TestMachine) -> Void
  ) -> Diagnosis {
    let page = Provocation.handlerPage
    var machine = TestMachine.healthy
    change(&machine)
    machine.setGate(0x80, offset: page, privilege: 3)
    // The program's frame, complete, on RSP0's stack; the #PF handler's frame right below it.
    machine.registers.rsp = Layout.rsp0 - InterruptFrame.byteCount
    machine.setFrame(TestMachine.program(at: Layout.interruptInstruction + 2))
    let entry = InterruptFrame(
      rip: page, cs: 8, rflags: .fixedOne, rsp: Layout.rsp0 - InterruptFrame.byteCount, ss: 0)
    machine.standInHandler(
      of: 14, frame: entry, errorCode: code, top: (Layout.rsp0 - InterruptFrame.byteCount) & ~15, cr2: page,
      depth: 0)
    return machine.diagnosed(.handler)
  }

  @Test func handlerNotMapped() {
    let diagnosis = handlerFault(0x10) { _ in }
    #expect(
      diagnosis.summary
        == "DX-09 | proven | RT-70 | 128 14(10) rip ffffffff80020000 current stack cr2 ffffffff80020000")
    #expect(diagnosis.eventIsDecoded)
  }

  @Test func handlerNoExecute() {
    let diagnosis = handlerFault(0x11) { $0.mapFresh(Provocation.handlerPage, flags: .present | .noExecute) }
    #expect(diagnosis.cause == .handlerNotExecutable)
    #expect(diagnosis.confidence == .proven)
  }

  @Test func handlerOnAUserPage() {
    let diagnosis = handlerFault(0x11) {
      $0.mapFresh(Provocation.handlerPage, flags: .present | .user)
      $0.registers.cr4.insert(.supervisorExecutionPrevention)
    }
    #expect(diagnosis.cause == .handlerOnUserPage)
    #expect(diagnosis.confidence == .proven)
  }

  @Test func stackOverflow() {
    let bottom = Layout.rsp0 - Layout.stackSize
    let diagnosis = diagnose(
      vector: 8, errorCode: 0, rip: Layout.kernelText + 0x80, rsp: bottom + 8, cr2: bottom - 8
    ) { _ in }
    #expect(
      diagnosis.summary
        == "DX-12 | proven | RT-33 | 14(2) 8(0) rip ffffffff80001080 ist1 cr2 ffffc90000000ff8")
  }

  /// `sub rsp, 0x800` moved RSP past the end before anything was stored.
  @Test func stackOverflowOfALargeFrame() {
    let bottom = Layout.rsp0 - Layout.stackSize
    let diagnosis = diagnose(
      vector: 8, errorCode: 0, rip: Layout.kernelText + 0x80, rsp: bottom - 0x700, cr2: bottom - 0x708
    ) { _ in }
    #expect(
      diagnosis.summary
        == "DX-12 | proven | RT-33 | 14(2) 8(0) rip ffffffff80001080 ist1 cr2 ffffc900000008f8")
  }

  /// CR2 in the guard page is left from before; the stack pointer is nowhere near.
  @Test func staleGuardAddressIsNoOverflow() {
    let bottom = Layout.rsp0 - Layout.stackSize
    let diagnosis = diagnose(
      vector: 8, errorCode: 0, rip: Layout.kernelText + 0x80, rsp: Layout.rsp0 - 0x100, cr2: bottom - 8
    ) { _ in }
    #expect(diagnosis.cause == .kernelException)
    let elsewhere = diagnose(
      vector: 8, errorCode: 0, rip: Layout.kernelText + 0x80, rsp: bottom - 0x10_0000, cr2: bottom - 8
    ) { _ in }
    #expect(elsewhere.cause == .kernelException)
  }

  @Test func stackPartlyMapped() {
    let hole = Layout.rsp0 - 0x1000
    let diagnosis = diagnose(
      vector: 8, errorCode: 0, rip: Layout.kernelText + 0x80, rsp: hole + 8, cr2: hole - 8
    ) {
      for page in 1...3 { $0.clear(.pageTable, of: Layout.rsp0 - 8 - UInt64(page) * 4096) }
    }
    #expect(
      diagnosis.summary
        == "DX-14 | proven | RT-28 | 14(2) 8(0) rip ffffffff80001080 ist1 cr2 ffffc90000003ff8")
  }

  @Test func recursiveFault() {
    let rip = Layout.kernelText + 0x80
    let stride: UInt64 = 0xb0
    let lowest = Layout.rsp0 - 0x800
    let diagnosis = diagnose(vector: 8, errorCode: 0, rip: rip, rsp: lowest, cr2: 0xdead_0000) { machine in
      // Each handler run pushed 0x80 bytes before it touched the bad page again.
      for depth in 0..<4 {
        let frame = InterruptFrame(
          rip: rip, cs: 8, rflags: .fixedOne, rsp: lowest + UInt64(depth + 1) * stride, ss: 0x10)
        machine.registers.rsp = lowest + 0x88 + UInt64(depth) * stride
        machine.setFrame(frame)
      }
    }
    #expect(diagnosis.summary == "DX-13 | signature | RT-73")
  }

  /// The #PF handler's own page is gone: each attempt pushes 48 bytes, until the stack ends.
  @Test func recursionOfAHandlerThatCannotBeFetched() {
    let rip = Provocation.handlerPage
    let lowest = Layout.rsp0 - Layout.stackSize + 16
    let diagnosis = diagnose(vector: 8, errorCode: 0, rip: rip, rsp: lowest, cr2: lowest - 24) { machine in
      for depth in 0..<4 {
        machine.registers.rsp = lowest + 8 + UInt64(depth) * 48
        machine.setFrame(
          InterruptFrame(
            rip: rip, cs: 8, rflags: .fixedOne, rsp: lowest + UInt64(depth + 1) * 48, ss: 0x10))
      }
    }
    #expect(diagnosis.summary == "DX-13 | signature | RT-70")
    guard case .access(let walk, .supervisorFetch, _) = diagnosis.evidence else {
      Issue.record("no walk")
      return
    }
    #expect(walk.address.rawValue == rip)
  }

  @Test func ordinaryKernelFault() {
    let diagnosis = diagnose(
      vector: 14, errorCode: 0, rip: Layout.kernelText + 0x80, rsp: Layout.rsp0 - 0x100, cr2: 0x10
    ) { _ in }
    #expect(diagnosis.cause == .kernelException)
    #expect(diagnosis.confidence == .guess)
  }
}
