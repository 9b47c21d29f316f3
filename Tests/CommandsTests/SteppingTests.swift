import Commands
import Inspect
import Render
import Session
import Testing
import X86

/// Steps by instructions and lines, over calls, out of functions; and which processor takes them.
@Suite struct SteppingTests {
  private static let trap = StopEvent.signal(StopEvent.trapSignal, thread: nil, watch: nil)
  private static let text = RunningExample.text
  private static let stack = RunningExample.exitFrame

  private static func stop(
    _ address: UInt64, rsp: UInt64 = stack, rax: UInt64 = 0, ring: UInt16 = 0
  ) -> FakeMachine.Episode {
    { machine in
      machine.registerFile.rip = address
      machine.registerFile.rsp = rsp
      machine.registerFile.general[0] = rax
      machine.registerFile.cs = SegmentSelector(rawValue: ring == 3 ? 0x33 : 0x08)
      return trap
    }
  }

  /// At the beginning of `start`, where a call of `double_fault` stands: 5 bytes, and then `nop`s.
  private static func machine(_ episodes: [FakeMachine.Episode]) -> FakeMachine {
    let machine = RunningExample.make()
    machine.registerFile.rip = text
    machine.store(bytes: [0xe8, 0xfb, 0x01, 0, 0, 0x90, 0x90, 0x90], at: 0x200000)
    machine.episodes = episodes
    return machine
  }

  /// The function runs as a whole; a deeper call of the same one comes to the same address with another stack.
  @Test func nextPassesACallAndItsRecursion() {
    expectGolden(
      Transcript.both(["ni", "ni", "info b", "ni 0", "ni x"]) {
        Self.machine([
          Self.stop(Self.text + 5, rsp: Self.stack - 16), Self.stop(Self.text + 5), Self.stop(Self.text + 6),
        ])
      }, "nexti")
  }

  @Test func stepsGoInto() {
    let machine = Self.machine([Self.stop(RunningExample.doubleFaultHandler)])
    let interpreter = Interpreter(Debugger(target: machine, program: FakeProgram(), output: Self.silent))
    interpreter.run("si")
    #expect(machine.registerFile.rip == RunningExample.doubleFaultHandler)
    #expect(machine.breakpoints.isEmpty)
  }

  /// While the function runs its end is in the machine, and afterwards nothing is.
  @Test func theEndOfACallIsInOnlyWhileItRuns() {
    var during: Set<UInt64> = []
    let machine = Self.machine([
      { machine in
        during = machine.breakpoints
        return Self.stop(Self.text + 5)(machine)
      }
    ])
    let interpreter = Interpreter(Debugger(target: machine, program: FakeProgram(), output: Self.silent))
    interpreter.run("ni")
    #expect(during == [Self.text + 5])
    #expect(machine.breakpoints.isEmpty)
  }

  /// A breakpoint inside of the function ends the step, and takes what it had put in with it.
  @Test func aBreakpointEndsAStep() {
    let machine = Self.machine([Self.stop(RunningExample.doubleFaultHandler + 4, rsp: Self.stack - 8)])
    let debugger = Debugger(target: machine, program: FakeProgram(), output: Self.silent)
    let interpreter = Interpreter(debugger)
    interpreter.run("b double_fault+4")
    interpreter.run("ni 5")
    #expect(machine.episodes.isEmpty)
    #expect(machine.breakpoints == [RunningExample.doubleFaultHandler + 4])
    #expect(debugger.control.breakpoints.all.map(\.hits) == [1])
  }

  /// The fake file has a line for each byte, but for those of `load_tables`.
  @Test func lines() {
    var program = FakeProgram()
    program.lines = {
      $0 < Self.text + 6
        ? "a.swift:1" : $0 == Self.text + 6 ? "a.swift:0" : $0 < Self.text + 0x130 ? "a.swift:2" : nil
    }
    expectGolden(
      Transcript.both(["n", "n", "s", "s"], program: program) {
        Self.machine([
          // Over the call and to the next line, past what the compiler made up.
          Self.stop(Self.text + 5), Self.stop(Self.text + 6), Self.stop(Self.text + 7),
          // Into Ring 3.
          Self.stop(Self.text + 8), Self.stop(RunningExample.userText, ring: 3),
          // No line there.
        ])
      }, "lines")
  }

  /// `step` goes into a function that has lines, and over one that has none.
  @Test func stepsIntoLines() {
    var program = FakeProgram()
    program.lines = { $0 < Self.text + 8 ? "a.swift:1" : $0 < Self.text + 0x10 ? "a.swift:2" : nil }
    let over = Self.machine([
      Self.stop(RunningExample.doubleFaultHandler, rsp: Self.stack - 8), Self.stop(Self.text + 5),
      Self.stop(Self.text + 9),
    ])
    #expect(Transcript(over, program: program).run(["s"]).contains("a.swift:2"))
    #expect(over.episodes.isEmpty)
    program.lines = { $0 < Self.text + 8 ? "a.swift:1" : "b.swift:7" }
    let into = Self.machine([Self.stop(RunningExample.doubleFaultHandler, rsp: Self.stack - 8)])
    #expect(Transcript(into, program: program).run(["s"]).contains("b.swift:7"))
    #expect(into.episodes.isEmpty)
  }

  /// Out of a function with a frame pointer, whose caller is behind a call in `start`.
  @Test func finishing() {
    expectGolden(
      Transcript.both(["finish", "finish 1", "info b"]) {
        let machine = Self.machine([
          Self.stop(Self.text + 0x15, rsp: Self.stack - 64),
          Self.stop(Self.text + 0x15, rsp: Self.stack - 16, rax: 42),
        ])
        machine.store(bytes: [0xe8], at: 0x200010)
        machine.registerFile.rip = RunningExample.doubleFaultHandler + 8
        machine.registerFile.rsp = Self.stack - 48
        machine.registerFile.general[6] = Self.stack - 32
        machine.store(0, linear: Self.stack - 32, root: RunningExample.kernelCR3)
        machine.store(Self.text + 0x15, linear: Self.stack - 24, root: RunningExample.kernelCR3)
        return machine
      }, "finish")
  }

  @Test func until() {
    expectGolden(
      Transcript.both(["until start+0x20", "until *start+0x40", "until", "until nobody", "info b"]) {
        Self.machine([
          Self.stop(Self.text + 0x20),
          { machine in
            _ = Self.stop(Self.text + 0x30)(machine)
            return .signal(StopEvent.interruptSignal, thread: nil, watch: nil)
          },
        ])
      }, "until")
  }

  @Test func processors() {
    expectGolden(
      Transcript.both([
        "info cpus", "cpu", "cpu 1", "p $rip", "info threads", "thread 1", "p $rip", "cpu 2", "thread 9",
        "set $rip = 1", "thread",
        "cpu x", "cpu 1 2",
      ]) {
        let machine = Self.machine([])
        var other = machine.registerFile
        other.rip = RunningExample.userInt
        other.cs = SegmentSelector(rawValue: 0x33)
        other.cr3 = CR3(rawValue: RunningExample.kernelCR3)
        machine.otherProcessors = [other]
        machine.allThreads = (0..<2).map {
          TargetThread(
            identifier: ThreadIdentifier(process: .number(1), thread: .number(UInt64($0 + 1))), cpuIndex: $0,
            description: "CPU#\($0) [running]")
        }
        try? machine.select(machine.allThreads[0].identifier)
        return machine
      }, "cpus")
  }

  private static var silent: Output { Output(format: .json, out: { _ in }, error: { _ in }) }
}
