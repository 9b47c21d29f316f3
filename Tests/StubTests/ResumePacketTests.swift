import StubSupport
import Testing

@testable import Stub

@Suite struct ResumePacketTests {
  private let bench = StubBench.attached()
  private let first = TargetThread(1)
  private let second = TargetThread(2)

  private func plan(_ request: String) -> ResumePlan? {
    _ = bench.answers()
    #expect(bench.ask(request).isEmpty)
    guard case .resume(let plan) = bench.outcome else { return nil }
    return plan
  }

  @Test func theFourOldOnes() {
    #expect(plan("c") == ResumePlan(.run, first))
    bench.enter(.step)
    #expect(plan("s") == ResumePlan(.step, first, others: .hold))
    bench.enter(.step)
    #expect(plan("C0b") == ResumePlan(.run, first, signal: 11))
    bench.enter(.step)
    #expect(plan("S05") == ResumePlan(.step, first, others: .hold, signal: 5))
  }

  @Test func anAddressIsWhereItGoesOn() {
    #expect(plan("c100010") == ResumePlan(.run, first))
    #expect(bench.machine[.rip] == 0x100010)
    bench.enter(.step)
    #expect(plan("S05;100020") == ResumePlan(.step, first, others: .hold, signal: 5))
    #expect(bench.machine[.rip] == 0x100020)
  }

  @Test func selectedByHc() {
    #expect(bench.exchange("Hc2") == "OK")
    #expect(plan("c") == ResumePlan(.run, second, others: .hold))
    bench.enter(.step)
    _ = bench.answers()
    #expect(bench.exchange("Hc-1") == "OK")
    #expect(plan("c") == ResumePlan(.run, first))
  }

  @Test(arguments: ["cx", "c1 ", "s;", "C", "C5", "Cxx", "C05;", "C05;x", "S05,1"])
  func malformed(request: String) {
    #expect(bench.exchange(request) == "E16")
    #expect(bench.outcome == nil)
  }

  @Test func whatIsOffered() { #expect(bench.exchange("vCont?") == "vCont;c;C;s;S;t;r") }

  @Test(arguments: [
    ("vCont;c", ResumePlan(.run, TargetThread(1))),
    ("vCont;s", ResumePlan(.step, TargetThread(1), others: .hold)),
    ("vCont;c:-1", ResumePlan(.run, TargetThread(1))),
    ("vCont;s:1;c", ResumePlan(.step, TargetThread(1))),
    ("vCont;s:p1.1;c:p1.-1", ResumePlan(.step, TargetThread(1))),
    ("vCont;s:1", ResumePlan(.step, TargetThread(1), others: .hold)),
    ("vCont;s:2;c", ResumePlan(.step, TargetThread(2))),
    ("vCont;c:2", ResumePlan(.run, TargetThread(2), others: .hold)),
    ("vCont;c:1;c:2", ResumePlan(.run, TargetThread(1))),
    ("vCont;c:1;s:2", ResumePlan(.step, TargetThread(2))),
    ("vCont;s:2;s:1", ResumePlan(.step, TargetThread(2))),
    ("vCont;C0b:1;c", ResumePlan(.run, TargetThread(1), signal: 11)),
    ("vCont;S05:1f", ResumePlan(.step, TargetThread(0x1f), others: .hold, signal: 5)),
    ("vCont;s:1;s", ResumePlan(.step, TargetThread(1), others: .hold)),
    ("vCont;t:1;c", ResumePlan(.run, TargetThread(1))),
    ("vCont;r100000,100010:1;c", ResumePlan(.step, TargetThread(1))),
  ])
  func threadActions(request: String, expected: ResumePlan) { #expect(plan(request) == expected) }

  @Test(arguments: [
    "vCont", "vCont;", "vCont;x", "vCont;c;", "vCont;C", "vCont;Cx", "vCont;r", "vCont;r1", "vCont;r1,:1",
    "vCont;s:", "vCont;s:x", "vCont;s:1;q", "vCont;cc", "vCont:c",
  ])
  func malformedActions(request: String) {
    #expect(bench.exchange(request) == "E16")
    #expect(bench.outcome == nil)
  }

  @Test func stopIsNothingToDo() {
    #expect(bench.exchange("vCont;t") == "OK")
    #expect(bench.exchange("vCont;t:1") == "OK")
    #expect(bench.exchange("vCtrlC") == "OK")
    #expect(bench.outcome == nil)
  }

  @Test func aThreadThatIsGone() {
    #expect(bench.exchange("vCont;s:9") == "E.no such thread")
    bench.machine.threadNumbers = [1]
    #expect(bench.exchange("vCont;c:2") == "E.no such thread")
  }

  @Test func whatTheTargetCannotDo() {
    bench.machine.refusesPlans = true
    #expect(bench.exchange("vCont;s:2;c") == "E.not now")
    #expect(bench.exchange("c100010") == "E.not now")
    #expect(bench.machine[.rip] == 0x100000)
    #expect(bench.outcome == nil)
  }

  @Test func aStepAndItsReply() {
    #expect(plan("vCont;s:1;c") != nil)
    bench.run()
    #expect(
      bench.answers() == [
        .packet(
          Array("T05thread:1;06:0610000000000000;07:00f0100000000000;10:0100100000000000;".utf8))
      ])
    // Told once.
    bench.drain()
    #expect(bench.answers().isEmpty)
  }

  @Test func stepsInsideOfARangeAreNotTold() {
    #expect(plan("vCont;r100000,100020:1;c") != nil)
    #expect(bench.run() == 0x20)
    #expect(bench.machine[.rip] == 0x100020)
    #expect(bench.answers().compactMap(\.text).count == 1)
    // The next step has no range any more.
    bench.machine[.rip] = 0x100000
    #expect(plan("vCont;s:1;c") != nil)
    #expect(bench.run() == 1)
  }

  @Test func anEmptyRangeIsOneStep() {
    #expect(plan("vCont;r100000,100000:1;c") != nil)
    #expect(bench.run() == 1)
  }

  @Test func anInterruptEndsARange() {
    bench.machine.write([0xeb, 0xfe], at: 0x100000)
    #expect(plan("vCont;r100000,100010:1;c") != nil)
    bench.wire.toStub = [0x03]
    #expect(bench.run() == 1)
    #expect(bench.answers().first?.text?.hasPrefix("T02thread:1;") == true)
  }

  @Test func aBreakpointInsideOfARangeIsTold() {
    #expect(bench.exchange("Z0,100008,1") == "OK")
    #expect(plan("vCont;r100000,100020:1;c") != nil)
    bench.enter(.softwareBreakpoint)
    #expect(bench.answers().first?.text?.hasPrefix("T05swbreak:;thread:1;") == true)
  }
}
