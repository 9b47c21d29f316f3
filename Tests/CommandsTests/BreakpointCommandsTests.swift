import Foundation
import Session
import Testing

@testable import Commands

/// commands, and what becomes of them at a stop.
@Suite struct BreakpointCommandsTests {
  /// A machine that comes to start+4 so often, and then ends.
  private static func machine() -> FakeMachine {
    let machine = RunningExample.make()
    machine.registerFile.rip = RunningExample.text
    for value in 1...4 as ClosedRange<UInt64> {
      machine.episodes.append { machine in
        machine.registerFile.rip = RunningExample.text + 4
        machine.registerFile.general[0] = value
        return .signal(StopEvent.trapSignal, thread: nil, watch: nil)
      }
    }
    machine.episodes.append { _ in .exited(status: 33) }
    return machine
  }

  @Test func untilTheEnd() {
    expectGolden(
      Transcript.both(
        [
          "break start+4", "commands", "silent", "print $rax", "continue", "echo never", "end", "info b",
          "continue", "print 1",
        ], Self.machine), "commands")
  }

  @Test func changedAndTakenAway() {
    expectGolden(
      Transcript.both(
        [
          "commands", "commands 1", "b start+4", "b start+8", "commands 1 7", "commands x", "commands 1",
          "  # a remark", "nonsense", "print 2", "end", "c", "end", "commands 1", "commands 2", "silent",
          "end",
          "echo nested", "end", "c", "info b", "commands 1", "end", "c",
        ], Self.machine), "commands-changed")
  }

  @Test func aScriptMustEndThem() throws {
    let file = FileManager.default.temporaryDirectory.appending(path: "commands-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: file) }
    try "b start+4\ncommands\nprint 1\n".write(to: file, atomically: true, encoding: .utf8)
    let text = Transcript(Self.machine()).run(["source \(file.path)", "c"])
    #expect(text.contains("! commands: no line says \"end\"\n"))
    #expect(text.contains("Breakpoint 1, "), "the next line is a command again")
    #expect(text.hasSuffix("exit status 2\n"))
  }

  @Test func anEmptyLineRepeatsWhatWasTyped() {
    let interpreter = Interpreter(
      Debugger(
        target: Self.machine(), program: FakeProgram(),
        output: Output(format: .json, out: { _ in }, error: { _ in })))
    for line in ["b start+4", "commands", "x/1gx $rsp", "", "end"] { _ = interpreter.runInteractively(line) }
    #expect(!interpreter.isInBlock)
    for line in ["c", ""] { #expect(interpreter.runInteractively(line) == .done) }
    #expect(interpreter.debugger.control.breakpoints.all.first?.hits == 2)
  }
}
