import Commands
import Inspect
import Render
import RingTransition
import Session
import Testing
import X86

/// What an audit is told beside registers and memory, and when the processor is asked for it.
@Suite struct KnowledgeTests {
  private static let readInstruction = RunningExample.text + 0x300
  private static let readInstructionFrame: UInt64 = 0x200300

  /// A machine whose kernel has an RDMSR, in the file and in memory.
  private static func machine(_ episodes: [FakeMachine.Episode] = []) -> FakeMachine {
    let machine = RunningExample.make()
    machine.store(bytes: [0x0f, 0x32], at: readInstructionFrame)
    machine.episodes = episodes
    return machine
  }

  private static func program(_ borrowable: [UInt64]) -> FakeProgram {
    var program = FakeProgram()
    program.borrowable = borrowable
    return program
  }

  private static func lessons(
    _ commands: [String], on machine: FakeMachine, _ program: FakeProgram? = program([readInstruction])
  ) -> [UInt64?] {
    let interpreter = Interpreter(Debugger(target: machine, program: program, output: silent))
    for command in commands { interpreter.run(command) }
    return machine.lessons
  }

  private static func stopAtReturn(_ machine: FakeMachine) -> StopEvent {
    machine.registerFile.rip = RunningExample.iretq
    return .signal(StopEvent.trapSignal, thread: nil, watch: nil)
  }

  // MARK: The instruction

  @Test func anAuditBorrowsTheKernelsInstruction() {
    #expect(Self.lessons(["audit"], on: Self.machine()) == [Self.readInstruction])
  }

  /// What the file has and memory has not, and what Ring 0 cannot execute, is never borrowed.
  @Test func theInstructionMustBeThereAndExecutable() {
    let elsewhere = Self.program([
      RunningExample.text + 0x310, RunningExample.data + 0x310, 0x10, Self.readInstruction,
    ])
    let machine = Self.machine()
    machine.store(bytes: [0x0f, 0x32], at: 0x210310)
    #expect(Self.lessons(["audit"], on: machine, elsewhere) == [Self.readInstruction])
  }

  /// A kernel without a file: the pages of the handlers are searched.
  @Test func withoutAFileTheHandlersPagesAreSearched() {
    #expect(Self.lessons(["audit"], on: Self.machine(), nil) == [Self.readInstruction])
  }

  @Test func aKernelWithoutOneIsLeftAlone() {
    #expect(Self.lessons(["audit"], on: RunningExample.make(), Self.program([])) == [nil])
  }

  @Test func ringThreeIsNotAsked() {
    let machine = Self.machine()
    machine.registerFile.cs = SegmentSelector(rawValue: 0x33)
    #expect(Self.lessons(["audit", "explain"], on: machine).isEmpty)
  }

  // MARK: How often

  @Test func aCheckAsksOnceForManyReturns() {
    let machine = Self.machine(Array(repeating: Self.stopAtReturn, count: 50))
    #expect(Self.lessons(["check on", "c"], on: machine).count == 1)
    #expect(machine.episodes.isEmpty)
  }

  @Test func aTableLoadMakesTheCheckAskAgain() {
    let machine = Self.machine([
      Self.stopAtReturn,
      { machine in
        machine.registerFile.rip = RunningExample.ltr
        return .signal(StopEvent.trapSignal, thread: nil, watch: nil)
      }, Self.stopAtReturn, Self.stopAtReturn,
    ])
    #expect(Self.lessons(["check on", "c"], on: machine).count == 2)
  }

  /// A violation may be one of what was known before and is not so any more.
  @Test func aViolationIsBelievedOnlyWithFreshKnowledge() {
    func run(_ efer: UInt64) -> (stops: Int, lessons: Int) {
      let machine = Self.machine([
        { machine in
          machine.registerFile.efer = EFER(rawValue: 0xd01)
          machine.registerFile.lstar = 0x10
          machine.learned = { file in file.efer = EFER(rawValue: efer) }
          return Self.stopAtReturn(machine)
        }, Self.stopAtReturn,
      ])
      let debugger = Debugger(
        target: machine, program: Self.program([Self.readInstruction]), output: Self.silent)
      let interpreter = Interpreter(debugger)
      interpreter.run("check on")
      interpreter.run("c")
      return (2 - machine.episodes.count, machine.lessons.count)
    }
    // SYSCALL is off after all: both returns pass.
    #expect(run(0xd00) == (2, 2))
    // It is on, and LSTAR is bad: the first return stops the machine.
    #expect(run(0xd01) == (1, 2))
  }

  // MARK: Tables and processors

  /// Rules that read whole tables are asked where a table is met for the first time.
  @Test func aTableIsReadWholeWhenItIsMet() {
    func verdict(_ scope: AuditScope?) -> Commands.ExitStatus {
      let machine = Self.machine([Self.stopAtReturn])
      var tables = FakeTables(machine: machine, firstTable: 0x180000)
      // Code that can be written.
      tables.map(
        RunningExample.data + 0x3000, to: 0x213000, .present | .writable, root: RunningExample.kernelCR3)
      let debugger = Debugger(target: machine, program: FakeProgram(), output: Self.silent)
      debugger.control.selection.scope = scope
      return CheckProcedure(debugger, until: CheckEnds(returns: 1)).run().status
    }
    #expect(verdict(nil) == .violated)
    #expect(verdict(.everyReturn) == .held)
  }

  @Test func theSecondReturnUnderATableAsksLess() throws {
    var checker = try #require(ReturnChecker(FakeProgram().returns))
    let machine = Self.machine()
    var view = machine
    let declared = KernelDeclarations(table: nil)
    _ = checker.audit(&view, declared: declared)
    var tables = FakeTables(machine: machine, firstTable: 0x180000)
    tables.map(
      RunningExample.data + 0x3000, to: 0x213000, .present | .writable, root: RunningExample.kernelCR3)
    guard case .held = checker.audit(&view, declared: declared) else {
      Issue.record("the table was read again")
      return
    }
    // Another root table, and the same entries.
    for index in 0..<512 as Range<UInt64> {
      machine.qwords[0x1f0000 + index * 8] = machine.qwords[RunningExample.processCR3 + index * 8]
    }
    machine.registerFile.cr3 = CR3(rawValue: 0x1f0000)
    guard case .violated(let audit) = checker.audit(&view, declared: declared) else {
      Issue.record("the new table was not read")
      return
    }
    #expect(audit.root?.rule.number == 104)
  }

  @Test func processorsAreHeldAgainstOneAnother() throws {
    let machine = Self.machine()
    var view = machine
    let declared = KernelDeclarations(table: nil)
    func finding() throws -> Finding {
      try #require(
        ReturnAudit(of: &view, declared: declared).findings.first { $0.rule.number == 170 })
    }
    #expect(try finding().isSkipped)
    machine.otherProcessors = [machine.registerFile]
    #expect(try finding().isViolated)
    machine.otherProcessors[0].taskRegister?.base = RunningExample.tss + 0x80
    #expect(try finding().isHeld)
  }

  /// Every processor is asked for its own registers; one that is halted cannot be, and the audit says so.
  @Test func theOtherProcessorsAreAskedToo() throws {
    func finding(othersRest: Bool, second: UInt64 = 0x0007_0406) throws -> Finding {
      let machine = Self.machine()
      machine.otherProcessors = [machine.registerFile]
      machine.othersRest = othersRest
      var answers: [UInt64] = [0x0007_0406, second]
      machine.learned = { file in
        if !answers.isEmpty { file.pageAttributeTable = answers.removeFirst() }
      }
      #expect(Self.lessons(["audit"], on: machine) == [Self.readInstruction])
      var view = machine
      let audit = ReturnAudit(of: &view, declared: KernelDeclarations(table: nil))
      return try #require(audit.findings.first { $0.rule.number == 175 })
    }
    #expect(try finding(othersRest: false).isHeld)
    #expect(try finding(othersRest: false, second: 0).isViolated)
    guard case .unknown(.otherProcessorsRegisters) = try finding(othersRest: true).verdict else {
      Issue.record("a halted processor was asked")
      return
    }
  }

  // MARK: The interrupt controller

  @Test func theMonitorShowsTheControllersFirstVector() {
    let machine = RunningExample.make()
    #expect(machine.interruptControllerBase == nil)
    machine.monitorReplies["info pic"] = """
      ioapic0: ver=0x20 id=0x00 sel=0x00
      pic1: irr=00 imr=ff isr=00 hprio=0 irq_base=28 rr_sel=0 elcr=0c fnm=0
      pic0: irr=01 imr=ee isr=00 hprio=0 irq_base=20 rr_sel=0 elcr=00 fnm=0
      """
    #expect(machine.interruptControllerBase == 0x20)
    let debugger = Debugger(target: machine, program: FakeProgram(), output: Self.silent)
    Interpreter(debugger).run("audit")
    #expect(debugger.control.declarations.interruptControllerBase == 0x20)
  }

  static var silent: Output { Output(format: .json, out: { _ in }, error: { _ in }) }
}
