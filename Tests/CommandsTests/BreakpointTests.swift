import Commands
import Inspect
import Render
import Session
import Testing
import X86

/// Breakpoints and watchpoints of the user: what stops the machine and what passes.
@Suite struct BreakpointTests {
  private static let trap = StopEvent.signal(StopEvent.trapSignal, thread: nil, watch: nil)
  private static let place = RunningExample.text + 4
  private static let elsewhere = RunningExample.text + 8
  private static let watched = RunningExample.data + 0x200

  /// A stop at `address` with RAX holding `value`.
  private static func stop(_ address: UInt64 = place, rax value: UInt64 = 0, cr3: UInt64? = nil)
    -> FakeMachine.Episode
  {
    { machine in
      machine.registerFile.rip = address
      machine.registerFile.general[0] = value
      if let cr3 { machine.registerFile.cr3 = CR3(rawValue: cr3) }
      return trap
    }
  }

  /// A stop behind an access to the watched place, which holds `value` afterwards.
  private static func access(_ kind: Watchpoint.Kind, _ value: UInt64, offset: UInt64 = 0)
    -> FakeMachine.Episode
  {
    { machine in
      machine.store(value, linear: watched, root: RunningExample.kernelCR3)
      machine.registerFile.rip = elsewhere
      return .signal(
        StopEvent.trapSignal, thread: nil, watch: Watchpoint(kind: kind, address: watched + offset))
    }
  }

  private static var interrupt: FakeMachine.Episode {
    { machine in
      machine.registerFile.rip = elsewhere
      return .signal(StopEvent.interruptSignal, thread: nil, watch: nil)
    }
  }

  private static func machine(_ episodes: [FakeMachine.Episode]) -> FakeMachine {
    let machine = RunningExample.make()
    machine.registerFile.rip = RunningExample.text
    machine.episodes = episodes
    return machine
  }

  @Test func conditions() {
    expectGolden(
      Transcript.both([
        "b start+4 if $rax == 2 && {u8} 0x10000000 == 0xb8", "c", "c", "info b", "condition 1 *$rax", "c",
        "condition 1",
        "info b", "c", "condition 9 1", "condition", "condition 1 1 +", "condition 1 nobody",
        "b start if nobody", "b start if", "b if 1",
      ]) {
        Self.machine([
          Self.stop(rax: 1), Self.stop(rax: 2), Self.stop(rax: 3), Self.interrupt,
          Self.stop(rax: RunningExample.userText), Self.stop(rax: 0),
        ])
      }, "conditions")
  }

  /// A condition that cannot be evaluated stops the machine and says why.
  @Test func anErringConditionStops() {
    expectGolden(
      Transcript.both(["b start+4 if *$rax", "ignore 1 5", "c", "info b"]) {
        Self.machine([Self.stop(rax: RunningExample.userText), Self.stop(rax: 8)])
      }, "condition-error")
  }

  /// One list in the answers of many commands; what is known of one breakpoint is not of another.
  @Test func listsOfAllKinds() {
    expectGolden(
      Transcript.both([
        "b start+4 if $rax == 1", "hb 0x10000019", "watch \(Self.watched.hex) 4", "tb start --cr3 current",
        "condition 2 $rax == 2", "ignore 3 5", "disable 1", "enable 1", "info b", "delete 4",
      ]) { Self.machine([]) }, "breakpoint-lists")
  }

  @Test func counting() {
    expectGolden(
      Transcript.both([
        "b start+4", "ignore 1 2", "info b", "tbreak start+4", "c", "info b", "c", "ignore 1", "ignore 1 x",
        "ignore 7 1",
      ]) { Self.machine([Self.stop(), Self.stop(), Self.stop()]) }, "ignore")
  }

  @Test func theyCountUnderTheirRootTableAlone() {
    expectGolden(
      Transcript.both([
        "b start+4 --cr3 0x102005", "b start+8 --cr3 current if 1", "info b", "c", "c", "b start --cr3",
        "b start --cr3 nobody",
      ]) {
        Self.machine([
          Self.stop(cr3: RunningExample.processCR3), Self.stop(cr3: RunningExample.kernelCR3),
          Self.stop(Self.elsewhere, cr3: RunningExample.kernelCR3),
          Self.stop(Self.elsewhere, cr3: RunningExample.processCR3 | 0xfff),
        ])
      }, "break-cr3")
  }

  @Test func enablingAndDisabling() {
    let machine = Self.machine([Self.interrupt, Self.stop()])
    let interpreter = Interpreter(Debugger(target: machine, program: FakeProgram(), output: Self.silent))
    interpreter.run("b start+4")
    interpreter.run("hb start+4")
    interpreter.run("watch \(Self.watched)")
    interpreter.run("disable")
    #expect(!machine.hasInsertions)
    #expect(interpreter.run("disable 8") == .failed(.usage))
    interpreter.run("enable 2 3")
    #expect(machine.insertions[.hardware] == [Self.place])
    #expect(machine.insertions[.watchWrite(byteCount: 8)] == [Self.watched])
    #expect(machine.breakpoints.isEmpty)
    #expect(interpreter.run("enable 1 8") == .failed(.usage))
    #expect(machine.breakpoints.isEmpty, "all of them or none")
    interpreter.run("enable")
    #expect(machine.breakpoints == [Self.place])
    interpreter.run("delete 1 2")
    #expect(machine.breakpoints.isEmpty && machine.insertions[.hardware] == [])
    interpreter.run("delete")
    #expect(!machine.hasInsertions)
  }

  /// Two on one instruction: both count, the first is told, and a temporary one goes.
  @Test func severalAtOnePlace() {
    let machine = Self.machine([Self.stop(), Self.stop()])
    let debugger = Debugger(target: machine, program: FakeProgram(), output: Self.silent)
    let interpreter = Interpreter(debugger)
    for line in ["tb start+4", "hb start+4", "b start+4 if 0", "c"] { interpreter.run(line) }
    #expect(debugger.control.breakpoints.all.map(\.number) == [2, 3])
    #expect(debugger.control.breakpoints.all.map(\.hits) == [1, 0])
    #expect(machine.breakpoints == [Self.place], "the one with the condition is still there")
    #expect(machine.insertions[.hardware] == [Self.place])
  }

  @Test func watching() {
    expectGolden(
      Transcript.both([
        "watch \(Self.watched.hex)", "rwatch \(Self.watched.hex) 4",
        "awatch \(Self.watched.hex) + 4 4 if $rax < 100",
        "info b", "c", "c", "c", "info b", "delete", "watch 0x123000 1",
      ]) {
        Self.machine([
          Self.access(.write, 0), Self.access(.write, 5), Self.access(.read, 5),
          Self.access(.access, 6, offset: 4),
          Self.interrupt,
        ])
      }, "watch")
  }

  @Test func wrongWatchpoints() {
    expectGolden(
      Transcript.both([
        "watch", "watch start 3", "watch start+1 2", "watch start+1 1", "watch nobody", "rwatch start 8",
        "hb start", "b 0x123000", "watch 1 +", "info b",
      ]) {
        let machine = Self.machine([])
        machine.refusal = {
          switch $0 {
          case .hardware, .watchRead: .refused(operation: "set a breakpoint", code: 0x22)
          case .software: .refused(operation: "set a breakpoint", code: 0x22)
          default: nil
          }
        }
        return machine
      }, "watch-refused")
  }

  private static var silent: Output { Output(format: .json, out: { _ in }, error: { _ in }) }
}

extension UInt64 {
  fileprivate var hex: String { "0x" + String(self, radix: 16) }
}
