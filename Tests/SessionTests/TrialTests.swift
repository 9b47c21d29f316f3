import Foundation
import Testing
import X86
@testable import Session

@Suite struct TrialTests {
  @Test func cycle() throws {
    let target = try LaunchTests.atFirstReturn()
    _ = target.registers
    for _ in 0..<5 {
      let t = ContinuousClock.now
      for _ in 0..<1000 {
        _ = try target.stepOffAndResume()
        _ = try target.waitForStop(limit: .seconds(5))
      }
      let u = ContinuousClock.now
      for _ in 0..<1000 { target.packet = nil; target.core = nil; _ = target.coreRegisters }
      let v = ContinuousClock.now
      target.systemRegistersPolicy = .keepAcrossStops
      target.systemRegistersPolicy = .everyStop
      for _ in 0..<200 { target.systemRegisters = [:]; _ = target.registers }
      let w = ContinuousClock.now
      for _ in 0..<1000 { _ = target.load(PhysicalAddress(truncating: Guest.returnCount)) }
      let x = ContinuousClock.now
      let s = ContinuousClock.now
      for _ in 0..<300 { _ = try target.step() }
      let s2 = ContinuousClock.now
      print("cycle", (u - t) / 1000, "g", (v - u) / 1000, "sys", (w - v) / 200, "load", (x - w) / 1000, "step+g", (s2 - s) / 300)
    }
  }
}
