import Drivers
import Testing
import X86

/// A local APIC's registers, written down access by access.
private final class ControllerModel {
  var writes: [[UInt32]] = []
  /// What a read gives.
  var answer: (UInt32) -> UInt32 = { _ in 0 }
}

private struct ModelRegisters: LocalAPICRegisters {
  let model: ControllerModel

  func read(_ offset: UInt32) -> UInt32 { model.answer(offset) }
  func write(_ value: UInt32, to offset: UInt32) { model.writes.append([offset, value]) }
}

@Suite struct LocalAPICTests {
  private let model = ControllerModel()
  private func controller() -> LocalAPIC<ModelRegisters> {
    LocalAPIC(registers: ModelRegisters(model: model))
  }

  /// SDM Vol. 3A, figures 10-6, 10-8, 10-10 and 10-23.
  @Test func enablesTimesAndAcknowledges() {
    var local = controller()
    local.enable()
    local.startTimer(every: 1234)
    local.acknowledge()
    #expect(model.writes == [[0xf0, 0x1ff], [0x3e0, 3], [0x320, 0x2_0030], [0x380, 1234], [0xb0, 0]])
  }

  /// A count of 0 would stop it.
  @Test func neverStopsTheTimerByAccident() {
    var local = controller()
    local.startTimer(every: 0)
    #expect(model.writes.last == [0x380, 1])
  }

  @Test func countsWithoutAnInterrupt() {
    var local = controller()
    local.startCounting()
    #expect(model.writes == [[0x3e0, 3], [0x320, 0x1_0030], [0x380, .max]])
    model.answer = { $0 == 0x390 ? 77 : 0 }
    #expect(local.count() == 77)
  }

  /// SDM Vol. 3A, figure 10-12.
  @Test func startsAnotherProcessor() {
    var local = controller()
    local.sendInit(to: 5)
    local.sendStartUp(to: 5, page: 0x8000)
    #expect(model.writes == [[0x310, 5 << 24], [0x300, 0x4500], [0x310, 5 << 24], [0x300, 0x4608]])
  }

  /// A delivery that never ends does not hang the kernel.
  @Test func givesUpOnADeliveryThatHangs() {
    var reads = 0
    model.answer = {
      reads += $0 == 0x300 ? 1 : 0
      return 1 << 12
    }
    var local = controller()
    local.sendInit(to: 1)
    #expect(reads == 1_000_000)
  }

  @Test func knowsItsIdentifier() {
    model.answer = { $0 == 0x20 ? 0x0b00_0000 : 0 }
    var local = controller()
    #expect(local.identifier() == 11)
  }

  /// The least of five measurements, the third of which was not disturbed.
  @Test(arguments: [62_500, 1000, 100] as [UInt64])
  func measuresItsTimerByAnother(ticksPerMillisecond: UInt64) throws {
    let recorder = PortRecorder()
    var oscillator: UInt64 = 0
    var measurement = 0
    var low = true
    recorder.answer = { port in
      guard port == 0x40 else { return 0 }
      if low { oscillator += 100 }
      defer { low.toggle() }
      let count = UInt16(truncatingIfNeeded: 65_536 &- oscillator)
      return UInt8(truncatingIfNeeded: low ? count : count >> 8)
    }
    var started: UInt64 = 0
    model.answer = { [model] offset in
      guard offset == 0x390 else { return 0 }
      // Three writes start a count.
      let number = model.writes.count / 3
      if number != measurement {
        measurement = number
        started = oscillator
        return .max
      }
      let disturbance: UInt64 = number == 3 ? 0 : 10_000
      let passed = (oscillator - started) * ticksPerMillisecond * 1000 / 1_193_182
      return UInt32.max - UInt32(passed + disturbance)
    }
    var local = controller()
    var timer = IntervalTimer(ports: RecordingPorts(recorder: recorder))
    let result = timer.measure(&local)
    let measured = try #require(result)
    #expect(abs(Int64(measured) - Int64(ticksPerMillisecond)) <= Int64(ticksPerMillisecond / 20 + 1))
  }

  @Test func aTimerThatStandsIsNoTimer() {
    model.answer = { _ in 5 }
    var local = controller()
    var timer = IntervalTimer(ports: RecordingPorts(recorder: PortRecorder()))
    let result = timer.measure(&local)
    #expect(result == nil)
  }
}
