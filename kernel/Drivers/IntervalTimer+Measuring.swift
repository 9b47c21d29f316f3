import X86

extension IntervalTimer {
  /// Waits until `ticks` of its oscillator have passed, at most 32,768, and says how many did.
  @discardableResult
  public mutating func wait(ticks: UInt16) -> UInt16 {
    startCounting()
    let start = count()
    var passed: UInt16 = 0
    var tries = 1_000_000
    while passed < ticks, tries > 0 {
      passed = start &- count()
      tries -= 1
    }
    return passed
  }

  /// How many ticks the local APIC's timer makes in a millisecond. Nil when it does not count.
  ///
  /// It counts a little longer than this timer does, and much longer when the host takes an emulator away in between: so
  /// the least of several measurements is the best.
  public mutating func measure<Registers: LocalAPICRegisters>(
    _ controller: inout LocalAPIC<Registers>
  ) -> UInt32? {
    var best: UInt64?
    for _ in 0..<5 {
      controller.startCounting()
      let before = controller.count()
      let passed = wait(ticks: UInt16(truncatingIfNeeded: Self.frequency / 200))
      let counted = UInt64(before &- controller.count())
      guard passed > 0, counted > 0 else { return nil }
      let perMillisecond = counted * UInt64(Self.frequency) / UInt64(passed) / 1000
      best = min(best ?? perMillisecond, perMillisecond)
    }
    return best.map { UInt32(truncatingIfNeeded: $0) }
  }

  /// How many ticks a clock makes in a microsecond, at least 1; `timestamp` reads it.
  ///
  /// It is read outside of this timer's count, so that whatever comes in between makes the result larger: the least of
  /// several measurements is the best.
  public mutating func measure(_ timestamp: () -> UInt64) -> UInt64 {
    var best = UInt64.max
    for _ in 0..<5 {
      let before = timestamp()
      let passed = wait(ticks: UInt16(truncatingIfNeeded: Self.frequency / 1000))
      let ticks = timestamp() &- before
      guard passed > 0 else { continue }
      best = min(best, ticks / max(UInt64(passed) * 1_000_000 / UInt64(Self.frequency), 1))
    }
    return best == .max ? 1 : max(best, 1)
  }
}
