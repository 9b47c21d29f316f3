import Testing
import X86

@testable import Core

@Suite struct WitnessTests {
  private let kernel: TestKernel

  init() throws {
    kernel = try TestKernel()
    for _ in 0..<3 { try kernel.start() }
  }

  private func write(_ text: String, by index: Int) {
    kernel.poke(text, at: 0x1000_2000, of: index)
    _ = kernel.call(.write, 1, 0x1000_2000, UInt64(text.utf8.count), by: index)
  }

  private func output(_ id: UInt64) -> String? {
    kernel.system.witness[id].map { record in
      String(
        decoding: (0..<min(record.outputCount, Witness.capacity)).map { record.output[$0] }, as: UTF8.self)
    }
  }

  @Test func seesWhatTheWatchedWrite() {
    write("before", by: 0)
    kernel.system.witness.watch(1, 3)
    write("one", by: 0)
    write("two", by: 1)
    write("three", by: 2)
    write("again", by: 0)
    #expect(output(1) == "oneagain")
    #expect(output(3) == "three")
    #expect(output(2) == nil)
  }

  /// A write that fails has written nothing.
  @Test func seesNothingOfAFailedWrite() {
    kernel.system.witness.watch(1)
    _ = kernel.call(.write, 1, 0x1000_3ffc, 8, by: 0)
    _ = kernel.call(.write, 7, 0x1000_2000, 4, by: 0)
    #expect(kernel.system.witness[1]?.outputCount == 0)
  }

  @Test func countsMoreThanItKeeps() {
    kernel.system.witness.watch(1)
    write(String(repeating: "a", count: 159) + "bc", by: 0)
    #expect(kernel.system.witness[1]?.outputCount == 161)
    #expect(output(1) == String(repeating: "a", count: 159) + "b")
  }

  @Test func remembersTheFirstCall() {
    kernel.system.witness.watch(1, 2)
    let calls = [
      (0x1000_001b, 1, true), (0x1000_0050, 1, false), (0x1000_0099, 2, true), (0x1000_0099, 3, false),
    ]
    for (rip, id, isFirst) in calls {
      let result = kernel.system.witness.called(from: UInt64(rip), by: UInt64(id))
      #expect(result == isFirst)
    }
    #expect(kernel.system.witness[1]?.firstCallRIP == 0x1000_001b)
    #expect(kernel.system.witness[2]?.firstCallRIP == 0x1000_0099)
  }

  @Test func knowsTheEnd() {
    kernel.system.witness.watch(1, 2)
    for _ in 0..<3 { kernel.system.preempted(0) }
    #expect(kernel.system.witness[1]?.status == nil)
    _ = kernel.call(.exit, 42, by: 0)
    kernel.system.reap()
    // The process is forgotten, and what was seen of it is not.
    #expect(kernel.process(0) == nil)
    #expect(kernel.system.witness[1]?.status == 42)
    #expect(kernel.system.witness[1]?.preemptions == 3)
    #expect(kernel.system.witness[2]?.status == nil)
  }

  @Test func watchesFromNowOn() {
    kernel.system.witness.watch(1)
    write("old", by: 0)
    kernel.system.witness.watch(1)
    #expect(output(1) == "")
    kernel.system.witness.watch(2)
    #expect(output(1) == nil)
    kernel.system.witness.stop()
    #expect(output(2) == nil)
    let isFirst = kernel.system.witness.called(from: 0x1000_001b, by: 2)
    #expect(!isFirst)
  }
}
