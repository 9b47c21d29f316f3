import Drivers
import Testing
import X86

@Suite struct IntervalTimerTests {
  /// The count that the timer was given for `milliseconds`, once the rest of the sequence is right.
  private func count(every milliseconds: UInt32) throws -> UInt32 {
    let recorder = PortRecorder()
    var timer = IntervalTimer(ports: RecordingPorts(recorder: recorder))
    timer.start(every: milliseconds)
    // Intel 8254: the control word for channel 0, low byte then high byte, mode 2, binary; then the two bytes.
    guard recorder.accesses.count == 3, recorder.accesses[0] == .write(0x34, to: 0x43),
      case .write(let low, to: 0x40) = recorder.accesses[1],
      case .write(let high, to: 0x40) = recorder.accesses[2]
    else {
      Issue.record("\(recorder.accesses)")
      return 0
    }
    return UInt32(high) << 8 | UInt32(low)
  }

  @Test(arguments: 1...54 as ClosedRange<UInt32>)
  func countsTheOscillatorsTicks(milliseconds: UInt32) throws {
    let exact = 1_193_182.0 * Double(milliseconds) / 1000
    #expect(abs(Double(try count(every: milliseconds)) - exact) < 1)
  }

  /// The counter has 16 bits: no wish makes it wrap around to a storm of interrupts.
  @Test func keepsToWhatTheCounterCanHold() throws {
    #expect(try count(every: 0) == 1193)
    #expect(try count(every: 55) == count(every: 54))
    #expect(try count(every: .max) == count(every: 54))
  }

  @Test func raisesLine0() {
    #expect(IntervalTimer<RecordingPorts>.line == 0)
    #expect(IntervalTimer<RecordingPorts>.frequency == 1_193_182)
  }
}
