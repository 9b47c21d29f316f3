import RingTransition
import TestSupport
import Testing
import X86

/// `syscall` as an event, and what a machine shows that did not survive one.
@Suite struct SystemCallTests {
  private static let rip: UInt64 = 0x1000_0040
  private static let userPush: UInt64 = 0x7ffe_ffff_fff8

  /// A machine whose kernel has SYSCALL, with a program at one.
  private static func machine(_ change: (inout TestMachine) -> Void = { _ in }) -> TestMachine {
    var machine = TestMachine.healthy
    machine.standAtSystemReturn()
    machine.storeVirtual([0x0f, 0x05], at: rip)
    machine.storeVirtual([0x65, 0x48, 0x89, 0x24], at: Layout.systemCall)
    change(&machine)
    return machine
  }

  private static func chain(
    rflags: RFlags = .fixedOne | .interruptEnable, _ change: (inout TestMachine) -> Void = { _ in }
  ) -> String {
    var machine = machine(change)
    var program = TestMachine.program(at: rip)
    program.rflags = rflags
    return deliver(.systemCall, to: program, on: &machine).summary
  }

  @Test func entries() {
    #expect(Self.chain() == "syscall entered ffffffff800011c0")
    // No IDT, no TSS and no kernel stack are needed.
    #expect(
      Self.chain {
        $0.clear(.pml4, of: Layout.rsp0 - 8)
        $0.clear(.pageTable, of: Layout.tss)
      } == "syscall entered ffffffff800011c0")
    #expect(
      Self.chain { $0.registers.lstar = Provocation.handlerPage }
        == "syscall 14(10) rip ffffffff80020000 current stack cr2 ffffffff80020000")
    #expect(
      Self.chain { $0.registers.lstar = 0 } == "syscall 14(10) rip 0 current stack cr2 0")
    #expect(
      Self.chain {
        $0.registers.lstar = Provocation.handlerPage
        $0.registers.cr4.insert(.supervisorAccessPrevention)
      } == "syscall 14(10) 8(0) rip ffffffff80020000 ist1 cr2 7ffefffffff8")
    #expect(
      Self.chain { $0.registers.lstar = 0x9000_0000_0000 } == "syscall 13(0) rip 900000000000 current stack")
    #expect(Self.chain { $0.registers.efer.remove(.syscallEnable) } == "syscall 6 rip 10000040 rsp0")
    #expect(Self.chain { $0.registers.lstar = nil } == "unknown modelSpecificRegister")
    let trapping: RFlags = .fixedOne | .interruptEnable | .trap
    #expect(Self.chain(rflags: trapping) == "syscall entered ffffffff800011c0")
    #expect(
      Self.chain(rflags: trapping) { $0.registers.syscallMask = 0x200 }
        == "syscall 1 rip ffffffff800011c0 ist4")
  }

  /// The mask clears what it names, and RSP stays Ring 3's.
  @Test func entryRegisters() {
    var machine = Self.machine()
    var program = TestMachine.program(at: Self.rip)
    program.rflags = .fixedOne | .interruptEnable | .direction | .carry
    let chain = deliver(.systemCall, to: program, on: &machine)
    #expect(
      chain.end
        == .systemCall(
          InterruptFrame(
            rip: Layout.systemCall, cs: 8, rflags: .fixedOne | .carry, rsp: Layout.userStackTop, ss: 0x10)))
    #expect(chain[0]?.vector == nil && chain.event.vector == nil)
  }

  // MARK: Diagnosis

  /// Stands in the handler of `vector`, which interrupted Ring 0.
  private static func stand(
    _ machine: inout TestMachine, vector: UInt8, errorCode: UInt64?, rip: UInt64, rsp: UInt64,
    cr2: UInt64 = 0,
    rflags: RFlags = .fixedOne, top: UInt64
  ) {
    // `syscall` saved these, and the handler has not come far enough to lose them.
    machine.registers.general[2] = Self.rip + 2
    machine.registers.general[11] = 0x202
    machine.standInHandler(
      of: vector, frame: InterruptFrame(rip: rip, cs: 8, rflags: rflags, rsp: rsp, ss: 0x10),
      errorCode: errorCode, top: top, cr2: cr2, depth: 0)
  }

  @Test(arguments: [true, false]) func targetUnmapped(isRegisterKnown: Bool) {
    let target = Provocation.handlerPage
    var machine = Self.machine { $0.registers.lstar = isRegisterKnown ? target : nil }
    Self.stand(
      &machine, vector: 14, errorCode: 0x10, rip: target, rsp: Layout.userStackTop, cr2: target,
      top: Layout.userStackTop)
    #expect(
      machine.diagnosed(.handler).summary
        == "DX-22 | \(isRegisterKnown ? "proven" : "signature") | RT-121 | "
        + "syscall 14(10) rip ffffffff80020000 current stack cr2 ffffffff80020000")
  }

  @Test func targetUnmappedUnderSMAP() {
    let target = Provocation.handlerPage
    var machine = Self.machine {
      $0.registers.lstar = target
      $0.registers.cr4.insert(.supervisorAccessPrevention)
    }
    Self.stand(
      &machine, vector: 8, errorCode: 0, rip: target, rsp: Layout.userStackTop, cr2: Self.userPush,
      top: Layout.interruptStackTop(1))
    #expect(
      machine.diagnosed(.handler).summary
        == "DX-22 | proven | RT-121 | syscall 14(10) 8(0) rip ffffffff80020000 ist1 cr2 7ffefffffff8")
  }

  @Test func targetZero() {
    var machine = Self.machine { $0.registers.lstar = 0 }
    Self.stand(
      &machine, vector: 14, errorCode: 0x10, rip: 0, rsp: Layout.userStackTop, cr2: 0,
      top: Layout.userStackTop)
    let diagnosis = machine.diagnosed(.handler)
    #expect(diagnosis.cause == .systemCallTarget)
    #expect(diagnosis.confidence == .proven)
  }

  @Test func trapFlagNotMasked() {
    var machine = Self.machine { $0.registers.syscallMask = 0x200 }
    Self.stand(
      &machine, vector: 1, errorCode: nil, rip: Layout.systemCall, rsp: Layout.userStackTop,
      rflags: .fixedOne | .trap, top: Layout.interruptStackTop(4))
    #expect(
      machine.diagnosed(.handler).summary
        == "DX-34 | proven | RT-124 | syscall 1 rip ffffffff800011c0 ist4")
  }

  @Test func breakpointOnTheEntry() {
    var machine = Self.machine { $0.registers.debugStatus = 1 }
    Self.stand(
      &machine, vector: 1, errorCode: nil, rip: Layout.systemCall, rsp: Layout.userStackTop,
      top: Layout.interruptStackTop(4))
    #expect(machine.diagnosed(.handler).summary == "DX-34 | signature | RT-50")
  }

  @Test func trapBehindMovSS() {
    var machine = Self.machine()
    // The `int` has pushed the program's frame, and #DB came at its handler.
    machine.registers.rsp = Layout.rsp0 - InterruptFrame.byteCount
    machine.setFrame(TestMachine.program(at: Layout.interruptInstruction + 2))
    Self.stand(
      &machine, vector: 1, errorCode: nil, rip: Layout.handler(0x80),
      rsp: Layout.rsp0 - InterruptFrame.byteCount,
      top: Layout.interruptStackTop(4))
    #expect(
      machine.diagnosed(.handler).summary == "DX-34 | proven | RT-50 | 128 1 rip ffffffff80001600 ist4")
  }

  @Test func systemReturnToANonCanonicalAddress() {
    var machine = Self.machine { $0.setGate(13, interruptStack: 5) }
    Self.stand(
      &machine, vector: 13, errorCode: 0, rip: Layout.sysretq, rsp: Layout.userStackTop,
      top: Layout.interruptStackTop(5))
    // RCX is gone: what is left is the place and the exception.
    #expect(machine.diagnosed(.handler).summary == "DX-21 | signature | RT-126")
    machine.registers.general[2] = 0x8000_0000_0000
    #expect(
      machine.diagnosed(.handler).summary == "DX-21 | proven | RT-126 | 13(0) rip ffffffff80001180 ist5")
  }

  /// The same where the fault is taken in Ring 3, by `sysretq` and by `iretq`.
  @Test func returnedToANonCanonicalAddress() {
    var machine = Self.machine { $0.setGate(13, interruptStack: 5) }
    machine.standInHandler(
      of: 13, frame: TestMachine.program(at: 0x8000_0000_0000), errorCode: 0,
      top: Layout.interruptStackTop(5),
      cr2: 0, depth: 0)
    #expect(machine.diagnosed(.handler).summary == "DX-16 | signature | RT-5")
    machine.registers.general[2] = 0x8000_0000_0000
    #expect(machine.diagnosed(.handler).summary == "DX-21 | signature | RT-126")
  }

  @Test(arguments: [nil, 0x0020_0008 << 32, 0x0023_0008 << 32] as [UInt64?])
  func stackSelectorWithoutPrivilege(star: UInt64?) {
    var machine = Self.machine {
      $0.setGate(13, interruptStack: 5)
      $0.registers.star = star
      $0.registers.rsp = Layout.exitStackTop - InterruptFrame.byteCount
      $0.editFrame { $0.ss = 0x28 }
    }
    Self.stand(
      &machine, vector: 13, errorCode: 0x28, rip: Layout.iretq,
      rsp: Layout.exitStackTop - InterruptFrame.byteCount,
      top: Layout.interruptStackTop(5))
    let diagnosis = machine.diagnosed(.handler)
    let isSTAR = star != 0x0023_0008 << 32
    #expect(diagnosis.cause == (isSTAR ? .systemCallSelectors : .returnSelector))
    #expect(diagnosis.confidence == (star == nil ? .signature : .proven))
    #expect(diagnosis.rule == (isSTAR ? .systemCallSelectors : .stackDescriptorValid))
  }

  /// `mov %rsp, %gs:...` with the program's base.
  private static func baseMachine(gs: UInt64?, kernelGS: UInt64?) -> TestMachine {
    var machine = machine {
      $0.setGate(14, interruptStack: 5)
      $0.registers.gsBase = gs
      $0.registers.kernelGSBase = kernelGS
    }
    stand(
      &machine, vector: 14, errorCode: 2, rip: Layout.systemCall, rsp: Layout.rsp0 - 0x200, cr2: 0x10,
      top: Layout.interruptStackTop(5))
    return machine
  }

  @Test func swapgsImbalance() {
    let block: UInt64 = 0xffff_ffff_8004_0000
    let swapped = Self.baseMachine(gs: 0, kernelGS: block).diagnosed(.handler)
    #expect(swapped.summary == "DX-23 | signature | RT-125")
    guard case .mismatch(.gsBase, actual: 0, expected: block) = swapped.evidence else {
      Issue.record("\(String(describing: swapped.evidence))")
      return
    }
    #expect(Self.baseMachine(gs: 0, kernelGS: 0).diagnosed(.handler).cause == .swapgsImbalance)
    let unknown = Self.baseMachine(gs: nil, kernelGS: nil).diagnosed(.handler)
    #expect(unknown.cause == .swapgsImbalance)
    #expect(unknown.confidence == .guess)
    #expect(Self.baseMachine(gs: block, kernelGS: block).diagnosed(.handler).cause == .kernelException)
    #expect(Self.baseMachine(gs: block, kernelGS: nil).diagnosed(.handler).cause == .kernelException)
  }

  /// The frame of a #GP at `iretq` lies above the one of the #PF that its handler took.
  @Test func returnFaultAfterSwapgs() {
    var machine = Self.baseMachine(gs: 0x7000, kernelGS: 0xffff_ffff_8004_0000)
    let handler = machine.registers
    machine.registers.rsp = Layout.rsp0 - 0x200 + 0x40
    machine.setFrame(
      InterruptFrame(
        rip: Layout.iretq, cs: 8, rflags: .fixedOne, rsp: Layout.exitStackTop - InterruptFrame.byteCount,
        ss: 0x10))
    machine.registers = handler
    #expect(machine.diagnosed(.handler).summary == "DX-20 | signature | RT-125")
  }

  @Test func systemCallsDisabled() {
    var machine = Self.machine { $0.registers.efer.remove(.syscallEnable) }
    machine.standInHandler(
      of: 6, frame: TestMachine.program(at: Self.rip), errorCode: nil, top: Layout.rsp0, cr2: 0, depth: 0)
    #expect(
      machine.diagnosed(.handler).summary
        == "systemCallDisabled | proven | RT-120 | syscall 6 rip 10000040 rsp0")
    // Where not even #UD arrived, that is the cause.
    machine.clear(.pageTable, of: Layout.rsp0 - 8)
    machine.standInDoubleFault(rip: Self.rip, cr2: Layout.rsp0 - 8)
    #expect(machine.diagnosed(.handler).cause == .stackUnmapped)
  }
}
