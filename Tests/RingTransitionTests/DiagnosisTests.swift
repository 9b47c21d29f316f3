import RingTransition
import TestSupport
import Testing
import X86

/// Machines stopped as they were measured, and what the diagnosis names.
@Suite struct DiagnosisTests {
  private static let pushAddress: UInt64 = 0xffff_c900_0000_4ff8

  private func machine(_ change: (inout TestMachine) -> Void) -> TestMachine {
    var machine = TestMachine.healthy
    change(&machine)
    return machine
  }

  @Test(arguments: [0, 0x98, 0x2000] as [UInt64]) func unmappedStack(depth: UInt64) throws {
    let diagnosis = machine {
      $0.clear(.pml4, of: Layout.rsp0 - 8)
      $0.standInDoubleFault(cr2: Self.pushAddress, depth: depth)
    }.diagnosed(.handler)
    #expect(
      diagnosis.summary
        == "DX-01 | proven | RT-26 | 128 14(2) 8(0) rip 10000019 ist1 cr2 ffffc90000004ff8")
    #expect(diagnosis.event == .softwareInterrupt(0x80))
    #expect(diagnosis.eventIsDecoded)
    #expect(diagnosis.located?.vector == 8)
    #expect(diagnosis.located?.errorCode == 0)
    #expect(diagnosis.located?.frame == TestMachine.program())
    guard case .access(let walk, .supervisorWrite, _) = diagnosis.evidence else {
      Issue.record("no walk")
      return
    }
    #expect(walk.outcome == .notPresent(.pml4))
  }

  @Test func unmappedStackOfAnUnknownHandlerDepthWithVectorGiven() {
    let machine = machine {
      $0.clear(.pml4, of: Layout.rsp0 - 8)
      $0.standInDoubleFault(cr2: Self.pushAddress)
      $0.registers.rsp = 0xffff_c990_0000_0000
    }
    #expect(machine.diagnosed(.handler).cause == .unexplained)
    #expect(machine.diagnosed(.handler) { $0.vector = 8 }.cause == .stackUnmapped)
    #expect(
      machine.diagnosed(.handler) {
        $0.vector = 8
        $0.frameAddress = Layout.interruptStackTop(1) - 40
      }.confidence == .proven)
  }

  @Test func firstFaultVisible() {
    let diagnosis = machine {
      $0.clear(.pageTable, of: Layout.rsp0 - 8)
      $0.setGate(14, interruptStack: 5)
      $0.standInHandler(
        of: 14, frame: TestMachine.program(), errorCode: 2, top: Layout.interruptStackTop(5),
        cr2: Self.pushAddress)
    }.diagnosed(.handler)
    #expect(diagnosis.summary == "DX-01 | proven | RT-26 | 128 14(2) rip 10000019 ist5 cr2 ffffc90000004ff8")
  }

  @Test func readOnlyStack() {
    let diagnosis = machine {
      $0.remove(.writable, .pageDirectory, of: Layout.rsp0 - 8)
      $0.standInDoubleFault(cr2: Self.pushAddress)
    }.diagnosed(.handler)
    #expect(diagnosis.cause == .stackReadOnly)
    #expect(diagnosis.confidence == .proven)
  }

  @Test func userStackUnderSMAP() {
    let diagnosis = machine {
      $0.setAll(.user, of: Layout.rsp0 - 8)
      $0.registers.cr4.insert(.supervisorAccessPrevention)
      $0.standInDoubleFault(cr2: Self.pushAddress)
    }.diagnosed(.handler)
    #expect(diagnosis.cause == .stackUserAccessible)
    #expect(diagnosis.confidence == .proven)
  }

  @Test func reservedBitOnTCGIsRecognisedThere() {
    let machine = machine {
      $0.edit(.pageTable, of: Layout.rsp0 - 8) { $0 | 1 << 51 }
      $0.setGate(14, interruptStack: 5)
      $0.standInHandler(
        of: 14, frame: TestMachine.program(), errorCode: 0xa, top: Layout.interruptStackTop(5),
        cr2: Self.pushAddress)
    }
    for engine in [Engine.architecture, .qemuTCG72] {
      let diagnosis = machine.diagnosed(.handler) { $0.engine = engine }
      #expect(diagnosis.cause == .stackReservedBits)
      #expect(diagnosis.confidence == .proven)
      #expect(diagnosis.chain?.engine == .qemuTCG72)
      #expect(diagnosis.rule == .noReservedBits)
    }
  }

  @Test func stackPointerZero() {
    let diagnosis = machine {
      $0.setRSP0(0)
      $0.standInDoubleFault(cr2: 0xffff_ffff_ffff_fff8)
    }.diagnosed(.handler)
    #expect(
      diagnosis.summary
        == "DX-05 | proven | RT-25 | 128 14(2) 8(0) rip 10000019 ist1 cr2 fffffffffffffff8")
  }

  @Test func stackPointerNotCanonicalWithAStaleCR2() {
    let diagnosis = machine {
      $0.setRSP0(0x9000_0000_0000)
      $0.standInDoubleFault(cr2: 0x1234)
    }.diagnosed(.handler)
    #expect(diagnosis.summary == "DX-06 | proven | RT-24 | 128 12(0) 8(0) rip 10000019 ist1")
  }

  @Test func stackTooShort() {
    let diagnosis = machine {
      $0.setRSP0(Layout.guardPage + 0x1010)
      $0.standInDoubleFault(cr2: Layout.guardPage + 0xff8)
    }.diagnosed(.handler)
    #expect(diagnosis.cause == .stackTooShort)
    #expect(diagnosis.confidence == .proven)
  }

  @Test func interruptInsteadOfAnInstruction() {
    let machine = machine {
      $0.clear(.pml4, of: Layout.rsp0 - 8)
      $0.storeVirtual([0xeb, 0xfe], at: Layout.userText + 0x40)
      $0.standInDoubleFault(rip: Layout.userText + 0x40, cr2: Self.pushAddress)
    }
    let inferred = machine.diagnosed(.handler)
    #expect(inferred.cause == .stackUnmapped)
    #expect(inferred.confidence == .proven)
    #expect(!inferred.eventIsDecoded)
    let known = machine.diagnosed(.handler) { $0.interruptInService = 0x20 }
    #expect(known.cause == .interruptOnUnmappedStack)
    #expect(known.event == .externalInterrupt(0x20))
  }

  @Test func pageFaultGateAbsent() {
    let diagnosis = machine {
      $0.removeGate(14)
      $0.storeVirtual([0x88, 0x07], at: Layout.userText + 0x40)
      $0.standInDoubleFault(rip: Layout.userText + 0x40, cr2: 0x2000_0000)
    }.diagnosed(.handler)
    #expect(
      diagnosis.summary == "DX-29 | proven | RT-65 | 14(6) 8(0) rip 10000040 ist1 cr2 20000000")
  }

  @Test func protectionGateAbsent() {
    let diagnosis = machine {
      $0.removeGate(13)
      $0.storeVirtual([0xfa], at: Layout.userText + 0x40)
      $0.standInDoubleFault(rip: Layout.userText + 0x40, cr2: 0)
    }.diagnosed(.handler)
    #expect(diagnosis.summary == "DX-30 | proven | RT-65 | 13(0) 8(0) rip 10000040 ist1")
  }

  @Test func gateNotForRingThree() {
    let machine = machine {
      $0.setGate(0x80)
      $0.standInHandler(
        of: 13, frame: TestMachine.program(), errorCode: 0x802, top: Layout.rsp0, cr2: 0, depth: 0)
    }
    let diagnosis = machine.diagnosed(.handler)
    #expect(diagnosis.summary == "DX-17 | proven | RT-67 | 128 13(802) rip 10000019 rsp0")
    #expect(diagnosis.chain?.engine == .qemuTCG72)
  }

  @Test func gateOfAnotherException() {
    let diagnosis = machine {
      $0.removeGate(6)
      $0.storeVirtual([0x0f, 0x0b], at: Layout.userText + 0x40)
      $0.standInHandler(
        of: 11, frame: TestMachine.program(at: Layout.userText + 0x40), errorCode: 0x33, top: Layout.rsp0,
        cr2: 0, depth: 0)
    }.diagnosed(.handler)
    #expect(diagnosis.summary == "DX-17 | proven | RT-65 | 6 11(33) rip 10000040 rsp0")
  }

  @Test func controllerNotRemapped() {
    let diagnosis = machine {
      $0.standInHandler(
        of: 8, frame: TestMachine.program(at: Layout.userText + 0x40), errorCode: nil,
        top: Layout.interruptStackTop(1), cr2: 0)
      // What the handler pushed first stands where an error code would.
      $0.storeVirtual(0x1234, at: Layout.interruptStackTop(1) - 48)
    }.diagnosed(.handler)
    #expect(diagnosis.summary == "DX-18 | signature | RT-74")
  }

  @Test func softwareInterruptOnAnErrorCodeVector() {
    let diagnosis = machine {
      $0.setGate(14, privilege: 3, interruptStack: 5)
      $0.storeVirtual([0xcd, 14], at: Layout.userText + 0x40)
      $0.standInHandler(
        of: 14, frame: TestMachine.program(at: Layout.userText + 0x42), errorCode: nil,
        top: Layout.interruptStackTop(5), cr2: 0)
    }.diagnosed(.handler)
    #expect(diagnosis.summary == "DX-19 | signature | RT-67")
  }

  @Test func enteredWithoutAChangeOfPrivilege() {
    let diagnosis = machine {
      $0.setGate(0x80, selector: 0x33, privilege: 3)
      $0.standInHandler(
        of: 14, frame: TestMachine.program(at: Layout.handler(0x80)), errorCode: 0x15, top: Layout.rsp0,
        cr2: Layout.handler(0x80), depth: 0)
    }.diagnosed(.handler)
    #expect(diagnosis.cause == .gateEntersRingThree)
  }

  @Test func ordinaryEventsAreNotBlamed() {
    let entered = machine {
      $0.standInHandler(
        of: 0x80, frame: TestMachine.program(at: Layout.interruptInstruction + 2), errorCode: nil,
        top: Layout.rsp0, cr2: 0, depth: 0)
    }.diagnosed(.handler)
    #expect(entered.summary == "ringThreeException | proven | 128 rip 1000001b rsp0")
    let fault = machine {
      $0.standInHandler(
        of: 14, frame: TestMachine.program(at: Layout.userText + 0x40), errorCode: 6, top: Layout.rsp0,
        cr2: 0x2000_0000, depth: 0)
    }.diagnosed(.handler)
    #expect(fault.summary == "ringThreeException | proven | 14(6) rip 10000040 rsp0 cr2 20000000")
  }

  @Test func whatMemoryNoLongerShowsIsNotProven() {
    let diagnosis = machine { $0.standInDoubleFault(cr2: Self.pushAddress) }.diagnosed(.handler)
    #expect(diagnosis.cause == .unexplained)
    #expect(diagnosis.confidence == .guess)
  }

  @Test func anotherCR2IsNotProven() {
    let diagnosis = machine {
      $0.clear(.pml4, of: Layout.rsp0 - 8)
      $0.standInDoubleFault(cr2: Self.pushAddress - 0x8000)
    }.diagnosed(.handler)
    #expect(diagnosis.cause == .stackUnmapped)
    #expect(diagnosis.confidence == .guess)
  }
}
