import Commands
import Foundation
import Inspect
import Render
import Session
import Synchronization
import TestSupport
import Testing
import X86

/// What ends a check, and what it comes to then.
@Suite struct CheckEndTests {
  /// A check of a machine made by hand: what came of it, and what it wrote.
  static func check(
    _ episodes: [FakeMachine.Episode], until ends: CheckEnds = CheckEnds(),
    _ onViolation: CheckProcedure.OnViolation = .stop,
    bell: CheckBell = CheckBell(interrupt: InterruptRequest()),
    format: Output.Format = .text(.monochrome)
  ) -> (outcome: CheckOutcome, text: String) {
    let text = Mutex("")
    let debugger = Debugger(
      target: RunTests.booting(episodes), program: FakeProgram(),
      output: Output(
        format: format, out: { more in text.withLock { $0 += more } },
        error: { more in text.withLock { $0 += "! " + more } }))
    let outcome = CheckProcedure(debugger, until: ends, onViolation: onViolation, bell: bell).run()
    return (outcome, text.withLock { $0 })
  }

  /// A return at which `end` is found out.
  private static func ringing(_ bell: CheckBell, _ end: CheckEnd) -> FakeMachine.Episode {
    { machine in
      bell.ring(end)
      return RunTests.stopAtReturn(machine)
    }
  }

  private static func interrupted(by bell: CheckBell, _ end: CheckEnd) -> FakeMachine.Episode {
    { machine in
      bell.ring(end)
      machine.registerFile.rip = RunningExample.text + 8
      return .signal(StopEvent.interruptSignal, thread: nil, watch: nil)
    }
  }

  @Test func aTimeThatRunsOutIsNoFailure() {
    let bell = CheckBell(interrupt: InterruptRequest())
    let end = CheckEnd.time(.milliseconds(2500))
    let (outcome, text) = Self.check(
      [RunTests.stopAtReturn, RunTests.away, Self.interrupted(by: bell, end)], bell: bell)
    #expect(outcome.status == .held)
    #expect(outcome.failure == nil)
    #expect(text.hasPrefix("1 return to Ring 3 checked at 1 site, all held\nAfter 2.5 s, "))
  }

  /// The machine came to a return just when it was to be stopped: the check ends there all the same.
  @Test func anEndIsFoundAtTheNextStopWhateverItIs() {
    let bell = CheckBell(interrupt: InterruptRequest())
    let (outcome, text) = Self.check(
      [RunTests.stopAtReturn, Self.ringing(bell, .text("login:")), RunTests.stopAtReturn], bell: bell)
    #expect(outcome.status == .held)
    #expect(text.hasPrefix("2 returns to Ring 3 checked at 1 site, all held\nThe console said \"login:\", "))
  }

  @Test func anEndWithoutAReturnCheckedNothing() {
    let bell = CheckBell(interrupt: InterruptRequest())
    let end = CheckEnd.time(.seconds(5))
    #expect(Self.check([Self.interrupted(by: bell, end)], bell: bell).outcome.status == .nothingChecked)
  }

  @Test func theRequiredEndIsTheMachinesOwn() {
    let ends = CheckEnds(returns: 2, ownEnd: .required)
    let own = Self.check([RunTests.stopAtReturn, RunTests.ending], until: ends)
    #expect(own.outcome.status == .held)
    let other = Self.check([RunTests.stopAtReturn, RunTests.stopAtReturn, RunTests.ending], until: ends)
    #expect(other.outcome.status == .violated)
    #expect(other.outcome.failure == "the machine did not come to its own end (--until-exit)")
    #expect(other.text.contains("\nThe machine did not come to its own end (--until-exit).\n"))
    // The console's text is an end among others.
    let both = Self.check(
      [RunTests.stopAtReturn, RunTests.ending], until: CheckEnds(text: "login:", ownEnd: .required))
    #expect(both.outcome.status == .held)
  }

  /// A QEMU that ends says nothing to who is attached: where the end is awaited, this is it.
  @Test func theConnectionEndsWithTheMachine() {
    let gone: FakeMachine.Episode = { _ in .lost(.connectionClosed) }
    let awaited = CheckEnds(ownEnd: .required)
    let (outcome, text) = Self.check([RunTests.stopAtReturn, gone], until: awaited)
    #expect(outcome.status == .held)
    #expect(outcome.failure == nil)
    #expect(
      text.hasPrefix(
        "1 return to Ring 3 checked at 1 site, all held\nThe machine ended: its connection closed while it ran. "
          + "With which status, whoever started it knows.\n"), "\(text)")
    #expect(Self.check([gone], until: awaited).outcome.status == .nothingChecked)
    let other = Self.check([RunTests.stopAtReturn, { _ in .lost(.ended) }], until: awaited)
    #expect(other.outcome.status == .targetLost)
    let broken = Self.check(
      [RunTests.stopAtBrokenReturn, gone], until: awaited, .goOn, format: .json)
    #expect(broken.outcome.status == .violated)
    #expect(broken.text.contains("\"stop\":\"disconnected\""), "\(broken.text)")
    // Unless somebody awaits it, it is a loss.
    let lost = Self.check([RunTests.stopAtReturn, gone])
    #expect(lost.outcome.status == .targetLost)
    #expect(
      lost.text.contains(
        "1 return to Ring 3 checked at 1 site, all held; if the machine ended by itself there, --until-exit"),
      "\(lost.text)")
  }

  @Test func anUnknownStatusIsNoneThatWasWished() {
    let debugger = Debugger(
      target: RunTests.booting([RunTests.stopAtReturn, { _ in .lost(.connectionClosed) }]),
      program: FakeProgram(), output: Output(format: .text(.monochrome), out: { _ in }, error: { _ in }))
    debugger.control.successStatus = 33
    let outcome = CheckProcedure(debugger, until: CheckEnds(ownEnd: .required)).run()
    #expect(outcome.status == .violated)
    #expect(outcome.failure == "the machine ended, and nothing says whether with status 33 (--success)")
  }

  @Test func anEndBeforeTheTextIsAFailure() {
    let (outcome, _) = Self.check([RunTests.stopAtReturn, RunTests.ending], until: CheckEnds(text: "login:"))
    #expect(outcome.status == .violated)
    #expect(outcome.failure == "the machine ended before its console said \"login:\"")
  }

  /// What rings behind the end of the check stops nobody else's machine.
  @Test func theBellIsSilentAfterTheCheck() {
    let interrupt = InterruptRequest()
    let bell = CheckBell(interrupt: interrupt)
    _ = Self.check([RunTests.stopAtReturn, Self.ringing(bell, .text("a"))], bell: bell)
    #expect(!interrupt.isPending)
    bell.ring(.time(.seconds(1)))
    #expect(!interrupt.isPending)
    let late = CheckBell(interrupt: interrupt)
    _ = Self.check([RunTests.stopAtReturn, RunTests.ending], bell: late)
    late.ring(.time(.seconds(1)))
    #expect(!interrupt.isPending)
    #expect(late.end == nil)
  }

  // MARK: Going on

  /// The stack is gone for two returns, another table has the same fault, and then the machine dies of it.
  private static var broken: [FakeMachine.Episode] {
    [
      RunTests.stopAtReturn, RunTests.stopAtBrokenReturn, RunTests.away, RunTests.stopAtBrokenReturn,
      { _ in .exited(status: 41) },
    ]
  }

  @Test func allViolationsAreCollectedOnceEach() {
    let (outcome, text) = Self.check(Self.broken, .goOn)
    #expect(outcome.status == .violated)
    #expect(outcome.failure == "The machine ended with status 41: a double fault.")
    #expect(text.components(separatedBy: "VIOLATION before").count == 2, "\(text)")
    #expect(
      text.contains("3 returns to Ring 3 checked at 1 site, 2 of them break a rule: 1 distinct violation\n"))
    #expect(text.contains("The machine ended with status 41: a double fault.\n"))
    #expect(
      text.contains(
        "  RT-026 RSP0-frame-pages-writable: 2 times, first at return 2, in return_to_ring3+0x20 under 0x1c5000, "
          + "process 1\n"), "\(text)")
  }

  @Test func goingOnEndsAtTheCountToo() {
    let (outcome, text) = Self.check(Self.broken, until: CheckEnds(returns: 2), .goOn)
    #expect(outcome.status == .violated)
    #expect(text.contains("2 returns to Ring 3 checked at 1 site, the last one violates a rule\n"))
  }

  /// Every return breaks a rule, so that the machine stops for nothing else.
  @Test func goingOnEndsWhereAnEndIsFound() {
    let bell = CheckBell(interrupt: InterruptRequest())
    let ringing: FakeMachine.Episode = { machine in
      bell.ring(.text("login:"))
      return RunTests.stopAtBrokenReturn(machine)
    }
    let (outcome, text) = Self.check(
      [RunTests.stopAtBrokenReturn, ringing, RunTests.stopAtBrokenReturn], .goOn, bell: bell)
    #expect(outcome.status == .violated)
    #expect(
      text.contains("2 returns to Ring 3 checked at 1 site, 2 of them break a rule: 1 distinct violation\n"),
      "\(text)")
    #expect(text.contains("\nThe console said \"login:\", "))
  }

  /// The machine hangs, or is lost: what was found before is the verdict.
  @Test func aViolationOutlivesTheMachine() {
    let hung = Self.check([RunTests.stopAtBrokenReturn], .goOn)
    #expect(hung.outcome.status == .violated)
    #expect(hung.outcome.failure?.contains("--timeout") == true)
    let lost = Self.check([RunTests.stopAtBrokenReturn, { _ in .lost(.ended) }], .goOn)
    #expect(lost.outcome.status == .violated)
    #expect(lost.outcome.failure == "the session has ended")
  }

  /// More than a screen holds.
  @Test func twentyOfThemAreListed() {
    let places = (0..<22).map { RunningExample.text + 0x800 + UInt64($0) * 16 }
    var program = FakeProgram()
    program.returns = places.map { ReturnInstruction(address: VirtualAddress($0), mnemonic: "iretq") }
    let machine = RunTests.booting(
      places.map { place in
        { machine in
          _ = RunTests.stopAtBrokenReturn(machine)
          machine.registerFile.rip = place
          return RunTests.trap
        }
      } + [RunTests.ending])
    for place in places { machine.store(bytes: [0x48, 0xcf], at: 0x200000 + place - RunningExample.text) }
    let text = Mutex("")
    let output = Output(
      format: .text(.monochrome), out: { more in text.withLock { $0 += more } }, error: { _ in })
    let debugger = Debugger(target: machine, program: program, output: output)
    #expect(CheckProcedure(debugger, onViolation: .goOn).run().status == .violated)
    let report = text.withLock { $0 }
    #expect(report.contains("22 of them break a rule: 22 distinct violations\n"), "\(report)")
    #expect(report.components(separatedBy: ": once, first at return ").count == 21)
    #expect(report.contains("\n  and 2 distinct violations more\n"))
  }

  @Test func withoutItTheFirstEndsTheCheck() {
    let (outcome, text) = Self.check(Self.broken)
    #expect(outcome.status == .violated)
    #expect(text.hasPrefix("VIOLATION before the return"))
    #expect(text.contains("2 returns to Ring 3 checked at 1 site, the last one violates a rule\n"))
  }

  // MARK: The report

  @Test func theReportCountsAndGroups() {
    let (_, text) = Self.check(
      [RunTests.stopAtReturn, RunTests.away, RunTests.stopAtReturn, RunTests.ending])
    #expect(text.contains("\n  sites   2 by iretq in return_to_ring3+0x20\n"), "\(text)")
    #expect(text.contains("\n  spaces  2 under 0x1c5000\n"))
    #expect(text.contains("other stops: 0 at returns inside the kernel, 1 elsewhere\n"))
    #expect(text.contains("\nnot checked\n"))
    #expect(text.contains("\nskipped\n"))
    #expect(text.split(separator: "\n").count < 40, "it fits on a screen")
  }

  @Test func theReportIsInTheSchema() throws {
    let texts = [
      Self.check(Self.broken, .goOn, format: .json).text, Self.check(Self.broken, format: .json).text,
    ]
    let answers = AnswerSchema.objects(in: texts.flatMap { $0.split(separator: "\n") })
    #expect(answers.count == 2, "one answer each, whatever was met on the way")
    var schema = try AnswerSchema.committed()
    if AnswerSchema.isRecording {
      for answer in answers { schema.join(answer) }
      try schema.text.write(to: AnswerSchema.file, atomically: true, encoding: .utf8)
      return
    }
    for misfit in Set(answers.flatMap(schema.misfits)).sorted() { Issue.record("\(misfit)") }
  }
}

@Suite struct AwaitedTextTests {
  /// Cut in pieces of every length, at every place.
  @Test func isFoundAcrossBorders() {
    let bytes = Array("log login lologin: root".utf8)
    for length in 1...bytes.count {
      var awaited = AwaitedText("login:")
      var seen: [Int] = []
      for start in stride(from: 0, to: bytes.count, by: length) {
        let piece = Array(bytes[start..<min(start + length, bytes.count)])
        if awaited.appears(in: piece) { seen.append(start + piece.count) }
      }
      #expect(seen.count == 1, "in pieces of \(length)")
      #expect(seen.first.map { $0 >= 18 && $0 < 18 + length } == true, "in pieces of \(length): \(seen)")
    }
  }

  @Test func isNotFoundWhereItIsNot() {
    var awaited = AwaitedText("ab")
    let seen = ["a", "", "a", "cb", "ba", "b"].map { awaited.appears(in: Array($0.utf8)) }
    #expect(seen == [false, false, false, false, false, true])
    var letter = AwaitedText("x")
    let letters = ["abc", "x"].map { letter.appears(in: Array($0.utf8)) }
    #expect(letters == [false, true])
  }
}

@Suite struct ProgressLineTests {
  private func shown(_ body: (ProgressLine, ContinuousClock.Instant) -> Void) -> [String?] {
    let lines = Mutex<[String?]>([])
    let line = ProgressLine { text in lines.withLock { $0.append(text) } }
    body(line, .now)
    return lines.withLock { $0 }
  }

  @Test func shortWorkSaysNothing() {
    #expect(
      shown { line, now in
        line.update(at: now) { _ in "early" }
        line.finish()
      }.isEmpty)
  }

  @Test func someTimesASecondAndErasedAtTheEnd() {
    let lines = shown { line, now in
      for tick in 0..<400 { line.update(at: now + .milliseconds(10 * tick)) { _ in "\(tick)" } }
      line.finish()
      line.finish()
      line.update(at: now + .seconds(60)) { _ in "late" }
    }
    // From the first second to the fourth, four a second.
    #expect((11...13).contains(lines.count - 1), "\(lines)")
    #expect(lines.last == .some(nil))
  }
}
