import Commands
import Foundation
import Inspect
import Render
import Synchronization
import Testing
import X86

/// What stands on the terminal while an answer takes long.
@Suite struct AnswerProgressTests {
  /// Takes as long as it takes until the progress line was shown, and then has a line to say.
  private struct SlowAnswer: GaugedAnswer {
    let gauge = TableGauge()
    let isShown: DispatchSemaphore

    func write(to page: inout TextPage, names: any NameSource) {
      let outcome = isShown.wait(timeout: .now() + 120)
      page.line(outcome == .success ? "found" : "nothing was shown")
    }

    func write(to object: inout JSONObjectStream, names: any NameSource) {}
  }

  @Test func aSlowAnswerShowsHowFarItIsAndErasesIt() {
    let events = Mutex<[String]>([])
    let isShown = DispatchSemaphore(value: 0)
    var output = Output(
      format: .text(.monochrome), out: { text in events.withLock { $0.append(text) } }, error: { _ in })
    output.startProgress = {
      ProgressLine { text in
        events.withLock { $0.append(text ?? "erased") }
        if text != nil { isShown.signal() }
      }
    }
    output.write(SlowAnswer(isShown: isShown), command: "find", names: NoNames())
    let seen = events.withLock { $0 }
    #expect(seen.first?.hasPrefix("0 tables read, ") == true, "\(seen)")
    #expect(seen.suffix(2) == ["erased", "found\n"], "\(seen)")
  }

  /// Lines that come are progress enough.
  @Test func theLineRestsWhileSomethingElseIsWritten() {
    let count = Mutex(0)
    let line = ProgressLine { _ in count.withLock { $0 += 1 } }
    let now = ContinuousClock.now
    for second in 1..<20 {
      line.rest(at: now + .milliseconds(900 * second))
      line.update(at: now + .milliseconds(900 * second + 899)) { _ in "shown" }
    }
    #expect(count.withLock { $0 } == 0)
    line.update(at: now + .seconds(60)) { _ in "shown" }
    #expect(count.withLock { $0 } == 1)
  }

  @Test func theTablesThatAreReadCount() throws {
    let machine = RunningExample.make()
    machine.otherProcessors = [machine.registerFile]
    machine.otherProcessors[0].cr3 = CR3(rawValue: RunningExample.kernelCR3)
    let spaces = try KnownSpaces(of: machine, kernel: nil, references: ReferenceTables())
    let (one, other) = (CR3(rawValue: RunningExample.processCR3), CR3(rawValue: RunningExample.kernelCR3))
    let answers: [any GaugedAnswer] = [
      MapAnswer(MapQuery(), of: machine, interrupt: nil),
      FindAnswer(PhysicalAddress(truncating: 0x231000), in: spaces.spaces, of: machine, interrupt: nil),
      DiffAnswer(one, other, half: .both, of: machine, interrupt: nil),
      KernelHalfAnswer(spaces, loaded: one, declaredPrivate: [], of: machine, interrupt: nil),
    ]
    for answer in answers {
      #expect(answer.gauge.tables == 0)
      _ = answer.text(.monochrome, names: NoNames())
      #expect(answer.gauge.tables > 1, "\(answer)")
    }
  }
}
