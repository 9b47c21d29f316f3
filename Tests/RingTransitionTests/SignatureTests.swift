import RingTransition
import TestSupport
import Testing
import X86

/// Rows of the catalogue that need more than one failed push to be told.
@Suite struct SignatureTests {
  private func machine(_ change: (inout TestMachine) -> Void) -> TestMachine {
    var machine = TestMachine.healthy
    change(&machine)
    return machine
  }

  // MARK: Fields one slot off

  /// A timer interrupt on a controller that was never remapped: vector 8, no error code, no IST slot.
  @Test func timerOnTheDoubleFaultVector() {
    let machine = machine {
      $0.setGate(8)
      $0.standInHandler(
        of: 8, frame: TestMachine.program(at: Layout.userText + 0x40), errorCode: nil, top: Layout.rsp0,
        cr2: 0,
        depth: 0)
    }
    let diagnosis = machine.diagnosed(.handler) { $0.interruptInService = 8 }
    #expect(diagnosis.summary == "DX-18 | signature | RT-74")
    #expect(diagnosis.located?.errorCode == nil)
    #expect(diagnosis.located?.frame == TestMachine.program(at: Layout.userText + 0x40))
    #expect(machine.diagnosed(.handler).cause == .controllerNotRemapped)
    // A kernel that takes the frame to lie above an error code names an address one slot too high.
    let shifted = machine.diagnosed(.handler) {
      $0.vector = 8
      $0.frameAddress = Layout.rsp0 - InterruptFrame.byteCount + 8
    }
    #expect(shifted.summary == "DX-18 | signature | RT-74")
    #expect(shifted.located?.frame == TestMachine.program(at: Layout.userText + 0x40))
  }

  /// The same line 5 of the controller, which looks like #GP.
  @Test func otherLinesOfTheController() {
    let diagnosis = machine {
      $0.standInHandler(
        of: 13, frame: TestMachine.program(at: Layout.userText + 0x40), errorCode: nil, top: Layout.rsp0,
        cr2: 0,
        depth: 0)
    }.diagnosed(.handler)
    #expect(diagnosis.summary == "DX-18 | signature | RT-74")
    #expect(diagnosis.event == .externalInterrupt(13))
  }

  @Test func softwareInterruptWithoutErrorCode() {
    let diagnosis = machine {
      $0.setGate(14, privilege: 3)
      $0.storeVirtual([0xcd, 14], at: Layout.userText + 0x40)
      $0.standInHandler(
        of: 14, frame: TestMachine.program(at: Layout.userText + 0x42), errorCode: nil, top: Layout.rsp0,
        cr2: 0,
        depth: 0)
    }.diagnosed(.handler)
    #expect(diagnosis.summary == "DX-19 | signature | RT-67")
    #expect(diagnosis.located?.frame == TestMachine.program(at: Layout.userText + 0x42))
  }

  @Test func realErrorCodesAreNotShifted() {
    let diagnosis = machine {
      $0.removeGate(0x80)
      $0.standInHandler(
        of: 11, frame: TestMachine.program(), errorCode: 0x402, top: Layout.rsp0, cr2: 0, depth: 0)
    }.diagnosed(.handler)
    #expect(diagnosis.summary == "DX-17 | proven | RT-65 | 128 11(402) rip 10000019 rsp0")
  }

  // MARK: Interrupts from nowhere

  @Test(arguments: [(2, 2), (18, 3), (1, 4)] as [(UInt8, Int)])
  func interruptStackUnmapped(vector: UInt8, slot: Int) {
    let address = Layout.interruptStackTop(slot) - 8
    let diagnosis = machine {
      $0.clear(.pageTable, of: address)
      $0.storeVirtual([0xeb, 0xfe], at: Layout.userText + 0x40)
      $0.standInHandler(
        of: 14, frame: TestMachine.program(at: Layout.userText + 0x40), errorCode: 2, top: Layout.rsp0,
        cr2: address, depth: 0)
    }.diagnosed(.handler)
    #expect(diagnosis.cause == .interruptStackUnmapped)
    #expect(diagnosis.confidence == .proven)
    #expect(diagnosis.rule == .interruptStackUsable)
    #expect(diagnosis.event?.vector == vector)
    #expect(!diagnosis.eventIsDecoded)
  }

  // MARK: Ring 3's own segment

  @Test func enteredWithoutAChangeOfPrivilege() {
    let diagnosis = machine {
      $0.setGate(0x80, selector: 0x33, privilege: 3)
      // The `int` pushed its frame to the program's own stack.
      $0.registers.rsp = Layout.userStackTop - InterruptFrame.byteCount
      $0.setFrame(TestMachine.program(at: Layout.interruptInstruction + 2))
      var program = TestMachine.program(at: Layout.handler(0x80))
      program.rsp = Layout.userStackTop - InterruptFrame.byteCount
      $0.standInHandler(
        of: 14, frame: program, errorCode: 0x15, top: Layout.rsp0, cr2: Layout.handler(0x80), depth: 0)
    }.diagnosed(.handler)
    #expect(
      diagnosis.summary
        == "DX-27 | proven | RT-62 | 128 14(15) rip ffffffff80001600 rsp0 cr2 ffffffff80001600")
  }

  /// A kernel code segment of Ring 1: the entry looks for RSP1, which nobody filled in. RSP0 is not to blame.
  @Test func segmentOfAnotherRing() {
    let diagnosis = machine {
      $0.setDescriptor(5, 0x00af_bb00_0000_ffff)
      $0.setGate(0x80, selector: 0x28, privilege: 3)
      $0.standInHandler(
        of: 14, frame: TestMachine.program(), errorCode: 2, top: Layout.rsp0, cr2: 0xffff_ffff_ffff_fff8,
        depth: 0)
    }.diagnosed(.handler)
    #expect(
      diagnosis.summary == "DX-28 | proven | RT-62 | 128 14(2) rip 10000019 rsp0 cr2 fffffffffffffff8")
  }

  // MARK: A table without the kernel

  @Test func tablesLackTheKernel() {
    let diagnosis = machine {
      $0.standInTripleFault(cr2: Layout.kernelText + 0x80)
      $0.registers.rip = Layout.kernelText + 0x80
      $0.registers.cs = SegmentSelector(rawValue: 8)
      $0.registers.cr3 = CR3(root: $0.allocateFrame())
      // The IDT is as far away as the code: the last page fault is the one at the gate of #DF.
      $0.registers.cr2 = Layout.gate(8)
    }.diagnosed(.tripleFault)
    #expect(
      diagnosis.summary == "DX-33 | proven | RT-91 | 14(10) 8(0) shutdown cr2 ffffffff80011080")
  }

  // MARK: No fault at all

  @Test func interruptsMasked() {
    let masked = machine {
      $0.enterRingThree()
      $0.registers.rflags = .fixedOne
    }.diagnosed(.handler)
    #expect(masked.summary == "DX-35 | signature | RT-12")
    #expect(masked.context?.rip == Layout.interruptInstruction)
    let priority = machine {
      $0.enterRingThree()
      $0.registers.cr8 = 15
    }.diagnosed(.handler)
    #expect(priority.summary == "DX-35 | signature | RT-145")
    // Linux runs with priority 1, which holds back no device.
    for priority: UInt64 in [0, 1] {
      let nothing = machine {
        $0.enterRingThree()
        $0.registers.cr8 = priority
      }.diagnosed(.handler)
      #expect(nothing.cause == .unexplained)
      #expect(nothing.context == nil)
    }
  }

  // MARK: What was there before

  /// Every entry of a machine that was audited.
  private struct Snapshot: EarlierEntries {
    var entries: [UInt64: PageTableEntry] = [:]

    init(_ machine: TestMachine, _ address: UInt64) {
      var machine = machine
      let walk = machine.walk(VirtualAddress(address), root: machine.root, mode: machine.mode)
      for position in 0..<walk.count { entries[walk[position].entryAddress.rawValue] = walk[position].entry }
    }

    func entry(at address: PhysicalAddress) -> PageTableEntry? { entries[address.rawValue] }
  }

  @Test func mappingRemovedSinceTheLastReturn() {
    let address = Layout.rsp0 - 8
    let earlier = Snapshot(.healthy, address)
    var machine = machine {
      $0.clear(.pageDirectory, of: address)
      $0.standInDoubleFault(cr2: address)
    }
    let diagnosis = diagnose(&machine, stop: StopState(.handler), earlier: earlier)
    #expect(diagnosis.cause == .mappingRemoved)
    #expect(diagnosis.cause.identifier.map { "\($0)" } == "DX-36")
    #expect(diagnosis.confidence == .proven)
    #expect(diagnosis.rule == .staleTranslation)
    #expect(diagnosis.change?.level == .pageDirectory)
    #expect(diagnosis.change?.before.isPresent == true)
    #expect(diagnosis.change?.now.rawValue == 0)
    // Never there: the ordinary cause.
    #expect(diagnose(&machine, stop: StopState(.handler)).cause == .stackUnmapped)
    let same = Snapshot(machine, address)
    #expect(diagnose(&machine, stop: StopState(.handler), earlier: same).cause == .stackUnmapped)
  }

  @Test func rightsTakenAwaySinceTheLastReturn() {
    let address = Layout.rsp0 - 8
    let earlier = Snapshot(.healthy, address)
    var machine = machine {
      $0.remove(.writable, .pageTable, of: address)
      // What the processor writes by itself is no change.
      $0.set(.accessed, .pml4, of: address)
      $0.standInDoubleFault(cr2: address)
    }
    let diagnosis = diagnose(&machine, stop: StopState(.handler), earlier: earlier)
    #expect(diagnosis.cause == .mappingRemoved)
    #expect(diagnosis.change?.level == .pageTable)
  }

  @Test func removalIsForetold() {
    let address = Layout.rsp0 - 8
    let earlier = Snapshot(.healthy, address)
    var machine = machine { $0.clear(.pageTable, of: address) }
    let chain = deliver(.softwareInterrupt(0x80), to: TestMachine.program(), on: &machine)
    #expect(chain.foreseenCause(on: machine.registers, earlier: earlier) == .mappingRemoved)
    #expect(chain.foreseenCause(on: machine.registers) == .stackUnmapped)
  }

  // MARK: A shared #DF stack

  @Test func doubleFaultStackShared() {
    func garbage(_ change: (inout TestMachine) -> Void) -> Diagnosis {
      machine {
        change(&$0)
        $0.standInDoubleFault(cr2: 0x1234)
        for offset in 1...6 {
          $0.storeVirtual(0xdead_beef, at: $0.registers.rsp + 0x98 + 40 - UInt64(offset) * 8 + 8)
        }
      }.diagnosed(.handler)
    }
    #expect(garbage { _ in }.cause == .unexplained)
    let slot = garbage { $0.setGate(2, interruptStack: 1) }
    #expect(slot.summary == "DX-38 | signature | RT-44")
    guard case .sharedSlot(8, 2, slot: 1) = slot.evidence else {
      Issue.record("\(String(describing: slot.evidence))")
      return
    }
    #expect(
      garbage { $0.setInterruptStack(2, Layout.interruptStackTop(1) - 0x1000) }.cause
        == .doubleFaultStackShared)
    #expect(garbage { $0.setRSP0(Layout.interruptStackTop(1)) }.cause == .doubleFaultStackShared)
  }

  /// What memory proves goes before what the TSS makes likely.
  @Test func sharedStackWithAProvenCause() {
    let diagnosis = machine {
      $0.setGate(2, interruptStack: 1)
      $0.clear(.pml4, of: Layout.rsp0 - 8)
      $0.standInDoubleFault(cr2: Layout.rsp0 - 8)
    }.diagnosed(.handler)
    #expect(diagnosis.cause == .stackUnmapped)
    #expect(diagnosis.confidence == .proven)
  }

  // MARK: The catalogue

  /// Each row has an identifier of its own, and all rows are there.
  @Test func everyRowExists() {
    var identifiers: Set<String> = []
    var raw: UInt8 = 0
    while let cause = Cause(rawValue: raw) {
      raw += 1
      guard let identifier = cause.identifier else { continue }
      identifiers.insert("\(identifier)")
      #expect(cause.rule != nil)
    }
    var expected = Set((1...38).map { $0 < 10 ? "DX-0\($0)" : "DX-\($0)" })
    expected.insert("DX-08b")
    #expect(identifiers == expected)
  }
}
