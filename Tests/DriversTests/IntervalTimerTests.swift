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

  /// A host that takes the emulator away makes a clock look fast, whenever it does so; one quiet measurement is enough.
  @Test(arguments: 0..<5, [0, 1, 2])
  func measuresAClockByIt(quiet: Int, disturbed: Int) {
    let recorder = PortRecorder()
    // In microseconds.
    var now: UInt64 = 0
    var low = true
    var readings = 0
    recorder.answer = { port in
      guard port == 0x40 else { return 0 }
      if low { now += 20 }
      defer { low.toggle() }
      let count = UInt16(truncatingIfNeeded: 0 &- now * 1_193_182 / 1_000_000)
      return UInt8(truncatingIfNeeded: low ? count : count >> 8)
    }
    var timer = IntervalTimer(ports: RecordingPorts(recorder: recorder))
    let rate = timer.measure {
      // Before, between or behind the two readings of a clock of 2.5 GHz.
      defer { readings += 1 }
      let isQuiet = readings / 2 == quiet
      if !isQuiet, readings % 2 == 0, disturbed == 0 { now += 70_000 }
      let value = now * 2500
      if !isQuiet, readings % 2 == 0, disturbed == 1 { now += 70_000 }
      if !isQuiet, readings % 2 == 1, disturbed == 2 { return value + 70_000 * 2500 }
      return value
    }
    #expect((2450...2650).contains(rate))
  }

  @Test func aTimerThatStandsMeasuresNothing() {
    var timer = IntervalTimer(ports: RecordingPorts(recorder: PortRecorder()))
    #expect(timer.measure { 5 } == 1)
  }
}
