import Commands
import Inspect
import Render
import Session
import Testing
import X86

/// Commands that let the machine run, and the check that goes with them.
@Suite struct RunTests {
  static let trap = StopEvent.signal(StopEvent.trapSignal, thread: nil, watch: nil)

  /// A stop at the `iretq`, with everything in place.
  static func stopAtReturn(_ machine: FakeMachine) -> StopEvent {
    machine.registerFile.rip = RunningExample.iretq
    machine.registerFile.rsp = RunningExample.exitFrame
    machine.registerFile.cr3 = CR3(rawValue: RunningExample.processCR3)
    machine.registerFile.cs = SegmentSelector(rawValue: 0x08)
    return trap
  }

  /// A stop at the `iretq` with the kernel stack gone from the process's table.
  static func stopAtBrokenReturn(_ machine: FakeMachine) -> StopEvent {
    machine.store(0, at: RunningExample.processCR3 + 402 * 8)
    return stopAtReturn(machine)
  }

  static func stop(at address: UInt64) -> FakeMachine.Episode {
    { machine in
      machine.registerFile.rip = address
      return trap
    }
  }

  static var ending: FakeMachine.Episode { { _ in .exited(status: 33) } }

  /// A stop at LTR, which the check passes over.
  static var away: FakeMachine.Episode { stop(at: RunningExample.ltr) }

  /// In the kernel, before any return.
  static func booting(_ episodes: [FakeMachine.Episode]) -> FakeMachine {
    let machine = RunningExample.make()
    machine.registerFile.rip = RunningExample.text
    machine.episodes = episodes
    return machine
  }

  @Test func breakpoints() {
    expectGolden(
      Transcript.both([
        "info breakpoints", "b start+4", "break *0x10000019", "b nobody", "b *(trap_stubs+16*14)", "d 3", "b",
        "info breakpoints", "c", "c",
        "delete 1", "delete 7", "d x", "info b", "delete", "info b",
      ]) {
        Self.booting([Self.stop(at: RunningExample.text + 4), Self.stop(at: RunningExample.userInt)])
      }, "breakpoints")
  }

  @Test func steps() {
    expectGolden(
      Transcript.both(["si", "stepi 2", "si 0", "si x"]) {
        Self.booting([
          Self.stop(at: RunningExample.text + 1), Self.stop(at: RunningExample.text + 2),
          Self.stop(at: RunningExample.text + 3),
        ])
      }, "stepi")
  }

  @Test func interruption() {
    expectGolden(
      Transcript.both(["c", "c 3"]) {
        Self.booting([
          { machine in
            machine.registerFile.rip = RunningExample.text + 8
            return .signal(StopEvent.interruptSignal, thread: nil, watch: nil)
          }
        ])
      }, "interrupted")
  }

  @Test func checkedReturnsAndTheEnd() {
    expectGolden(
      Transcript.both(["check on", "c", "check status", "c", "walk 0"]) {
        Self.booting([Self.stopAtReturn, Self.stopAtReturn, Self.stopAtReturn, { _ in .exited(status: 33) }])
      }, "checked-to-the-end")
  }

  @Test func aViolationStopsTheMachine() {
    expectGolden(
      Transcript.both(["check on", "c", "check off", "check maybe"]) {
        Self.booting([Self.stopAtReturn, Self.stopAtBrokenReturn])
      }, "violation")
  }

  @Test func checkAtAReturnAuditsItAtOnce() {
    expectGolden(
      Transcript.both(["check on", "check status"], RunningExample.makeWithoutStack), "check-at-return")
  }

  /// Whatever breaks only hygiene is told at the end and stops nothing.
  @Test func hygieneIsToldAndStopsNothing() {
    expectGolden(
      Transcript.both(["check on", "c"]) {
        let machine = Self.booting([Self.stopAtReturn, { _ in .exited(status: 33) }])
        var tables = FakeTables(machine: machine, firstTable: 0x180000)
        for root in [RunningExample.processCR3] {
          tables.map(0xffff_c900_0000_0000, to: 0x400000, .present | .writable | .noExecute, root: root)
        }
        return machine
      }, "hygiene")
  }

  @Test(arguments: [
    (Int32(33), Commands.ExitStatus.held), (35, .violated), (41, .violated), (0, .violated), (1, .violated),
  ])
  func theKernelsOwnStatusDecides(status: Int32, expected: Commands.ExitStatus) {
    let machine = Self.booting([Self.stopAtReturn, { _ in .exited(status: status) }])
    #expect(Self.check(machine).run().status == expected)
  }

  @Test func aCheckThatCheckedNothingIsNeverZero() {
    let machine = Self.booting([{ _ in .exited(status: 33) }])
    #expect(Self.check(machine).run().status == .nothingChecked)
  }

  /// Ctrl-C before the first return ends a check that saw nothing, and after it one that held so far.
  @Test func anInterruptedCheckIsWorthWhatItSaw() {
    let interrupt: FakeMachine.Episode = { _ in
      .signal(StopEvent.interruptSignal, thread: nil, watch: nil)
    }
    #expect(Self.check(Self.booting([interrupt])).run().status == .nothingChecked)
    #expect(Self.check(Self.booting([Self.stopAtReturn, Self.away, interrupt])).run().status == .held)
  }

  @Test func aViolationIsOne() {
    let machine = Self.booting([Self.stopAtReturn, Self.stopAtBrokenReturn])
    #expect(Self.check(machine).run().status == .violated)
  }

  @Test func returnsEndTheCheck() {
    let machine = Self.booting([Self.stopAtReturn, Self.stopAtReturn, Self.stopAtReturn])
    #expect(Self.check(machine, until: CheckEnds(returns: 2)).run().status == .held)
    #expect(machine.episodes.count == 1)
  }

  @Test func aTargetLostIsThree() {
    let machine = Self.booting([Self.stopAtReturn, { _ in .lost(.connectionClosed) }])
    #expect(Self.check(machine).run().status == .targetLost)
  }

  @Test func aMachineThatHangsBeforeTheFirstReturnWasNotChecked() {
    #expect(Self.check(Self.booting([])).run().status == .nothingChecked)
    #expect(Self.check(Self.booting([Self.stopAtReturn])).run().status == .targetLost)
  }

  @Test func aKernelWithoutReturnsCannotBeChecked() {
    var program = FakeProgram()
    program.returns = []
    #expect(Self.check(Self.booting([]), program).run().status == .nothingChecked)
  }

  /// A kernel that says nothing about itself: its status is what the user says it is.
  @Test func theUserMayNameTheStatusOfSuccess() {
    var program = FakeProgram()
    program.symbols.removeAll { $0.name == KernelTable.symbol }
    func outcome(_ success: Int32?, _ status: Int32) -> Commands.ExitStatus {
      let machine = Self.booting([Self.stopAtReturn, { _ in .exited(status: status) }])
      let debugger = Debugger(target: machine, program: program, output: Self.silent)
      debugger.control.successStatus = success
      return CheckProcedure(debugger).run().status
    }
    #expect(outcome(nil, 17) == .held)
    #expect(outcome(17, 17) == .held)
    #expect(outcome(17, 35) == .violated)
  }

  /// A stop at a `sysretq`, which takes RIP and RFLAGS from registers.
  private static func stopAtSystemReturn(_ machine: FakeMachine) -> StopEvent {
    _ = stopAtReturn(machine)
    machine.registerFile.rip = RunningExample.sysretq
    // What stands there looks like a frame of Ring 0.
    machine.registerFile.rsp = 0x7fff_e800
    machine.registerFile.efer = EFER(rawValue: 0xd01)
    machine.registerFile.general[2] = RunningExample.userText
    machine.registerFile.general[11] = 0x202
    return trap
  }

  /// A kernel that returns by SYSRET too: both are audited, and the counts are told apart.
  @Test func returnsOfBothKindsAreAudited() {
    var program = FakeProgram()
    program.returns.append(
      ReturnInstruction(address: VirtualAddress(RunningExample.sysretq), mnemonic: "sysretq"))
    let episodes = [Self.stopAtReturn, Self.stopAtSystemReturn, Self.stopAtSystemReturn, Self.ending]
    expectGolden(
      Transcript.both(["check on", "c", "check status"], program: program) { Self.booting(episodes) },
      "both-returns")
  }

  /// SYSRET to an address that is not canonical raises #GP in Ring 0, on the stack of Ring 3.
  @Test func aBadSystemReturnStopsTheMachine() {
    var program = FakeProgram()
    program.returns.append(
      ReturnInstruction(address: VirtualAddress(RunningExample.sysretq), mnemonic: "sysretq"))
    let machine = Self.booting([
      { machine in
        _ = Self.stopAtSystemReturn(machine)
        machine.registerFile.general[2] = 0x8000_0000_0000
        return Self.trap
      }
    ])
    #expect(Self.check(machine, program).run().status == .violated)
  }

  /// Only these rules are asked, and only what weighs enough ends the check.
  @Test func theCheckAsksWhatItIsToldTo() throws {
    func verdict(_ change: (inout AuditSelection) throws -> Void) rethrows -> Commands.ExitStatus {
      let machine = Self.booting([Self.stopAtBrokenReturn, Self.away, Self.ending])
      let debugger = Debugger(target: machine, program: FakeProgram(), output: Self.silent)
      try change(&debugger.control.selection)
      return CheckProcedure(debugger).run().status
    }
    #expect(try verdict { try $0.take(.rules, "RT-001..RT-025") } == .held)
    #expect(try verdict { try $0.take(.rules, "26") } == .violated)
    #expect(try verdict { try $0.take(.severity, "fatal") } == .violated)
    #expect(throws: CommandFailure.notARule("RT-999")) { try verdict { try $0.take(.rules, "RT-999") } }
  }

  // MARK: Catching

  @Test func caughtVectorsStopTheMachine() {
    expectGolden(
      Transcript.both([
        "catch", "catch vector 0x80", "catch vector 14", "catch", "c", "catch vector 300",
        "catch vector 0x90",
        "catch vector", "catch off", "c",
      ]) {
        let handler = RunningExample.text + 0x400 + 0x80 * 16
        return Self.booting([Self.stop(at: handler), Self.stop(at: handler)])
      }, "catch")
  }

  /// The kernel writes another handler into its table: the next run stops there.
  @Test func caughtHandlersFollowTheTable() {
    let machine = Self.booting([{ _ in .signal(StopEvent.interruptSignal, thread: nil, watch: nil) }])
    let interpreter = Interpreter(Debugger(target: machine, program: FakeProgram(), output: Self.silent))
    interpreter.run("catch vector 14")
    let first = RunningExample.text + 0x400 + 14 * 16
    #expect(machine.breakpoints == [first])
    let gate = GateDescriptor(
      offset: VirtualAddress(first + 8), selector: SegmentSelector(rawValue: 0x08), type: .interruptGate,
      privilege: 0, interruptStack: 0)
    machine.store(gate.low, linear: RunningExample.idt + 14 * 16, root: RunningExample.kernelCR3)
    interpreter.run("c")
    #expect(machine.breakpoints == [first + 8])
    interpreter.run("catch vector all")
    // 33 exceptions and interrupts and the system call.
    #expect(machine.breakpoints.count == 34)
    interpreter.run("catch off")
    #expect(machine.breakpoints.isEmpty)
  }

  // MARK: The monitor is asked no more than needed

  @Test func systemRegistersAreAskedOnceForManyReturns() {
    let machine = Self.booting(Array(repeating: Self.stopAtReturn, count: 50))
    #expect(Self.check(machine, until: CheckEnds(returns: 50)).run().status == .held)
    #expect(machine.systemRegisterReads == 1)
  }

  /// Between two returns the kernel executes LTR: the next audit must not believe what it knew.
  @Test func systemRegistersAreAskedAgainAfterATableLoad() {
    let machine = Self.booting([
      Self.stopAtReturn, Self.stop(at: RunningExample.ltr),
      { machine in
        machine.registerFile.taskRegister?.selector = SegmentSelector(rawValue: 0)
        return Self.stopAtReturn(machine)
      },
    ])
    #expect(Self.check(machine).run().status == .violated)
    #expect(machine.systemRegisterReads == 2)
  }

  @Test func theCheckTakesItsBreakpointsAway() throws {
    let machine = Self.booting([])
    let debugger = Debugger(target: machine, program: FakeProgram(), output: Self.silent)
    let interpreter = Interpreter(debugger)
    interpreter.run("b \(RunningExample.iretq)")
    interpreter.run("check on")
    #expect(machine.breakpoints == [RunningExample.iretq, RunningExample.ltr])
    interpreter.run("check off")
    #expect(machine.breakpoints == [RunningExample.iretq])
    interpreter.run("delete")
    #expect(machine.breakpoints.isEmpty)
  }

  @Test func returnsInsideTheKernelAreCountedAndNotAudited() throws {
    let machine = Self.booting([
      { machine in
        machine.store(0x08, linear: RunningExample.exitFrame + 8, root: RunningExample.kernelCR3)
        return Self.stopAtBrokenReturn(machine)
      },
      { _ in .exited(status: 33) },
    ])
    let debugger = Debugger(target: machine, program: FakeProgram(), output: Self.silent)
    #expect(CheckProcedure(debugger).run().status == .nothingChecked)
    #expect(debugger.control.checker?.sites.first?.kernelReturns == 1)
  }

  private static var silent: Output { Output(format: .json, out: { _ in }, error: { _ in }) }

  private static func check(
    _ machine: FakeMachine, _ program: FakeProgram = FakeProgram(), until ends: CheckEnds = CheckEnds()
  ) -> CheckProcedure {
    CheckProcedure(Debugger(target: machine, program: program, output: silent), until: ends)
  }
}
