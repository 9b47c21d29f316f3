import RingTransition
import Session
import Testing
import X86

@testable import Inspect

/// What `--keep-going` tells apart, and how it counts.
@Suite struct ViolationListTests {
  /// The audit of a return at `place` under `root` that found these rules violated.
  private static func audit(
    _ rules: [Rule], at place: UInt64 = 0x1000, under root: UInt64 = 0x10_0000
  ) -> ReturnAudit {
    var registers = RegisterFile()
    registers.rip = place
    registers.cr3 = CR3(rawValue: root | 0xfff)
    var collector = FindingCollector(AuditSelection())
    for rule in rules { collector.record(Finding(rule, .violated(.value(.rsp0, place)))) }
    return ReturnAudit(registers: registers, frame: nil, collector, isInsideKernel: false, process: nil)
  }

  private static let stack: Rule = .rsp0FramePagesWritable

  @Test func onePlaceUnderOneTableIsOneViolation() throws {
    var list = ViolationList()
    for number in [3, 5, 9] { list.take(Self.audit([Self.stack]), from: .security, return: number) }
    let entry = try #require(list.entries.first)
    #expect(list.entries.count == 1)
    #expect((entry.count, entry.firstReturn, entry.place.rawValue, entry.root) == (3, 3, 0x1000, 0x10_0000))
    #expect((list.returns, list.lastReturn, list.count, list.others) == (3, 9, 3, 0))
  }

  @Test func anotherPlaceTableOrRuleIsAnother() {
    var list = ViolationList()
    let audits = [
      Self.audit([Self.stack]), Self.audit([Self.stack], at: 0x2000),
      Self.audit([Self.stack], under: 0x20_0000),
      Self.audit([.rsp0Initialised]), Self.audit([Self.stack], under: 0x20_0000),
    ]
    for (number, audit) in audits.enumerated() { list.take(audit, from: .security, return: number + 1) }
    #expect(list.entries.map(\.count) == [1, 1, 2, 1])
    #expect(list.entries.map(\.firstReturn) == [1, 2, 3, 4])
  }

  /// What follows from another violation, and what weighs too little, is none of its own.
  @Test func causesAreCounted() {
    var list = ViolationList()
    let found = Self.audit([Self.stack, .handlerHeadroom, .guardBelowStack])
    list.take(found, from: .security, return: 1)
    #expect(list.entries.map(\.finding.rule.number) == [26])
    list.take(found, from: .hygiene, return: 2)
    #expect(list.entries.map(\.finding.rule.number) == [26, 33])
    #expect(list.entries.map(\.count) == [2, 1])
  }

  @Test func beyondTheLimitTheyAreCountedTogether() {
    var list = ViolationList()
    let more = 40
    for number in 0..<ViolationList.limit + more {
      list.take(Self.audit([Self.stack], at: 0x1000 + UInt64(number)), from: .security, return: number + 1)
    }
    list.take(Self.audit([Self.stack]), from: .security, return: ViolationList.limit + more + 1)
    #expect(list.entries.count == ViolationList.limit)
    #expect(list.others == more)
    #expect(list.entries.first?.count == 2)
    #expect(list.count == ViolationList.limit + more + 1 && list.returns == list.count)
  }
}
