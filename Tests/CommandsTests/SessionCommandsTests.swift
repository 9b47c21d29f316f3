import Commands
import Inspect
import Session
import Testing
import X86

/// help, monitor, detach, quit, and what is said about lines that are no command.
@Suite struct SessionCommandsTests {
  @Test func help() {
    expectGolden(
      Transcript.both(["help", "help quit", "help bt", "help nothing", "help a b"], RunningExample.make),
      "help")
  }

  @Test func wrongUsage() {
    let lines = [
      "foo", "d e", "i", "info", "info nothing", "cr3 x", "tss x", "gdt x", "idt x", "walk", "frame nobody",
      "explain x", "audit x", "check x", "delete x", "continue x", "stepi x", "monitor", "detach x", "quit x",
      "x/2", "xp", "print", "break", "", "# a comment", "s", "cont", "wal 0x10000000",
    ]
    expectGolden(Transcript.both(lines, RunningExample.make), "wrong-usage")
  }

  @Test func monitor() {
    expectGolden(
      Transcript.both(["monitor info status", "mon bogus"]) {
        let machine = RunningExample.make()
        machine.monitorReplies["info status"] = "VM status: paused\r\n"
        return machine
      }, "monitor")
  }

  @Test func detachEndsTheSession() {
    expectGolden(Transcript.both(["detach"], RunningExample.make), "detach")
  }

  @Test func quitSaysNothing() { expectGolden(Transcript.both(["quit"], RunningExample.make), "quit") }

  @Test func anEmptyLineRepeatsAStep() {
    let machine = RunningExample.make()
    machine.episodes = (1...3).map { index in
      { machine in
        machine.registerFile.rip = RunningExample.text + UInt64(index)
        return .signal(StopEvent.trapSignal, thread: nil, watch: nil)
      }
    }
    let interpreter = Interpreter(
      Debugger(
        target: machine, program: FakeProgram(), output: Output(format: .json, out: { _ in }, error: { _ in })
      ))
    _ = interpreter.runInteractively("")
    #expect(machine.episodes.count == 3)
    _ = interpreter.runInteractively("si")
    _ = interpreter.runInteractively("")
    #expect(machine.episodes.count == 1)
    _ = interpreter.runInteractively("cr3")
    _ = interpreter.runInteractively("")
    #expect(machine.episodes.count == 1)
  }

  @Test func aLostTargetEndsTheSessionWithThree() {
    let machine = RunningExample.make()
    machine.episodes = [{ _ in .lost(.connectionClosed) }]
    let interpreter = Interpreter(
      Debugger(
        target: machine, program: FakeProgram(), output: Output(format: .json, out: { _ in }, error: { _ in })
      ))
    #expect(interpreter.run("c") == .failed(.targetLost))
    #expect(interpreter.isFinished)
    #expect(interpreter.status == .targetLost)
  }
}

@Suite struct CompleterTests {
  private let completer = Completer(program: FakeProgram())

  private func candidates(_ line: String) -> [String] {
    let start = line.lastIndex(of: " ").map { line.index(after: $0) } ?? line.startIndex
    return completer.candidates(line: line, word: start..<line.endIndex)
  }

  @Test func commands() {
    #expect(candidates("wal") == ["walk"])
    #expect(candidates("ex") == ["exit", "expect", "explain"])
    #expect(candidates("help pm") == ["pml4"])
  }

  @Test func symbolsAndRegisters() {
    #expect(candidates("walk dou") == ["double_fault"])
    #expect(candidates("x/4gx $ri") == ["$rip"])
    #expect(candidates("info registers cr") == ["cr0", "cr2", "cr3", "cr4", "cr8"])
    #expect(candidates("check o") == ["on", "off"])
    #expect(candidates("walk ").allSatisfy { $0.hasPrefix("$") })
    #expect(candidates("nothing a").isEmpty)
    #expect(candidates("tss a").isEmpty)
  }
}
