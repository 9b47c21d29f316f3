import Session
import Testing

@testable import Commands

/// display, undisplay, and what every stop shows of them.
@Suite struct DisplayTests {
  private static func machine() -> FakeMachine {
    let machine = RunningExample.make()
    machine.episodes = (1...3).map { count in
      { machine in
        machine.registerFile.rip = RunningExample.text + UInt64(count)
        machine.registerFile.general[0] = RunningExample.userText * UInt64(count)
        return .signal(StopEvent.trapSignal, thread: nil, watch: nil)
      }
    }
    machine.episodes.append { _ in .exited(status: 33) }
    return machine
  }

  @Test func atEveryStop() {
    expectGolden(
      Transcript.both(
        [
          "display", "display $rax", "display/x $rax + 1", "display/i $pc", "display/2wx $rsp",
          "display *$rax", "display/s 0x10000000", "stepi", "info display", "display", "undisplay 2 3",
          "stepi", "undisplay", "stepi", "info display", "display 1", "continue", "display 2",
        ], Self.machine), "display")
  }

  @Test func wrongUsage() {
    expectGolden(
      Transcript.both(
        [
          "display 1 +", "display nobody", "display $nobody", "display/q 1", "display/99999999x $rsp",
          "display/x", "undisplay 1", "undisplay x", "info display",
        ], Self.machine), "display-wrong-usage")
  }
}
