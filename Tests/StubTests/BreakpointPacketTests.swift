import RemoteProtocol
import StubSupport
import Testing

@testable import Stub

@Suite struct BreakpointPacketTests {
  private let bench = StubBench.attached()
  private let first = TargetThread(1)

  @Test func insertAndRemove() {
    #expect(bench.exchange("Z0,100000,1") == "OK")
    #expect(bench.exchange("Z1,100004,1") == "OK")
    #expect(bench.exchange("Z2,100008,8") == "OK")
    #expect(bench.exchange("Z4,100010,4") == "OK")
    #expect(
      bench.machine.breakpoints == [
        BreakpointRequest(.software, at: 0x100000, byteCount: 1, thread: first),
        BreakpointRequest(.hardware, at: 0x100004, byteCount: 1, thread: first),
        BreakpointRequest(.writeWatchpoint, at: 0x100008, byteCount: 8, thread: first),
        BreakpointRequest(.accessWatchpoint, at: 0x100010, byteCount: 4, thread: first),
      ])
    #expect(bench.exchange("z2,100008,8") == "OK")
    #expect(bench.exchange("z0,100000,1") == "OK")
    #expect(bench.exchange("z0,100000,1") == "OK")
    #expect(bench.machine.breakpoints.map(\.type) == [.hardware, .accessWatchpoint])
  }

  @Test func theSelectedThreadGoesAlong() {
    #expect(bench.exchange("Hg2") == "OK")
    #expect(bench.exchange("Z0,7f0000,1") == "OK")
    #expect(bench.machine.breakpoints.first?.thread == TargetThread(2))
  }

  @Test func refusalsSayWhy() {
    #expect(bench.exchange("Z0,10ff10,1") == "E.the stub's own code cannot hold a breakpoint: 0x10ff10")
    #expect(bench.exchange("Z0,0,1") == "E.nothing is mapped at 0x0")
    for address in 0..<4 { #expect(bench.exchange("Z1,10000\(address),1") == "OK") }
    #expect(bench.exchange("Z1,100004,1") == "E.all four debug registers are in use")
    #expect(bench.exchange("Z2,100004,4") == "E.all four debug registers are in use")
  }

  @Test func refusalsForLLDB() {
    #expect(bench.exchange("QEnableErrorStrings") == "OK")
    #expect(
      bench.exchange("Z0,0,1") == "E0e;" + hexadecimal("nothing is mapped at 0x0"))
  }

  @Test func whatTheTargetDoesNotOfferIsNotKnown() {
    #expect(bench.exchange("Z3,100000,4") == "")
    #expect(bench.exchange("z3,100000,4") == "")
  }

  @Test(arguments: [
    "Z", "Z0", "Z0,", "Z0,100000", "Z0,100000,", "Z0,x,1", "Z5,100000,1", "Z-,100000,1", "Z9,100000,1",
    "Z0;100000;1", "z0,100000,1;", "z0,100000", "Z2,100000,1;X1,27",
  ])
  func malformed(request: String) {
    #expect(bench.exchange(request) == "E16")
    #expect(bench.machine.breakpoints.isEmpty)
  }

  @Test func malformedExpressionsAreRefusedBeforeAnythingIsInserted() {
    #expect(bench.exchange("Z0,100000,1;").hasPrefix("E."))
    #expect(bench.exchange("Z0,100000,1;X1,").hasPrefix("E."))
    #expect(bench.exchange("Z0,100000,1;X1,ff").hasPrefix("E."))
    #expect(bench.exchange("Z0,100000,1;X2,2201").hasPrefix("E."))
    #expect(bench.machine.breakpoints.isEmpty)
  }
}

/// Conditions and commands, in gdb's bytecode: 22 xx pushes a constant, 26 rrrr a register, 13 compares, 27 ends.
@Suite struct ConditionTests {
  private let bench = StubBench.attached()
  /// `rax == 5`
  private let condition = "X9,260000164022051327"
  /// `nop`, `inc %rax`, and back.
  private let loop: [UInt8] = [0x90, 0x48, 0xff, 0xc0, 0xeb, 0xfa]

  private func start() {
    bench.machine.write(loop, at: 0x100000)
    bench.machine[.rax] = 0
    #expect(bench.ask("vCont;c").isEmpty)
  }

  @Test func aFalseConditionCostsNoTraffic() {
    #expect(bench.exchange("Z0,100000,1;\(condition)") == "OK")
    start()
    let bytes = bench.stub.statistics.bytesSent
    #expect(bench.run() == 5)
    #expect(bench.machine[.rax] == 5)
    let answers = bench.answers()
    #expect(answers.count == 1)
    #expect(answers.first?.text?.hasPrefix("T05swbreak:;") == true)
    #expect(bench.stub.statistics.bytesSent - bytes < 100)
  }

  @Test func oneOfSeveralIsEnough() {
    // rax == 9, rax == 5
    #expect(bench.exchange("Z0,100000,1;X9,260000164022091327\(condition)") == "OK")
    start()
    bench.run()
    #expect(bench.machine[.rax] == 5)
  }

  @Test func hardwareBreakpointsHaveConditionsToo() {
    #expect(bench.exchange("Z1,100000,1;\(condition)") == "OK")
    start()
    #expect(bench.run() == 5)
    #expect(bench.answers().first?.text?.hasPrefix("T05hwbreak:;") == true)
  }

  @Test func aSecondInsertionReplacesTheCondition() {
    #expect(bench.exchange("Z0,100000,1;\(condition)") == "OK")
    #expect(bench.exchange("Z0,100000,1;X9,260000164022021327") == "OK")
    start()
    bench.run()
    #expect(bench.machine[.rax] == 2)
    #expect(bench.exchange("Z0,100000,1") != "")
    #expect(bench.ask("vCont;c").isEmpty)
    #expect(bench.run() == 1)
    #expect(bench.machine[.rax] == 3)
  }

  /// Unreadable expressions, too many, and a target that does not want it.
  @Test(arguments: [
    "Z0,100000,1;X1,ff", "Z0,100000,1;", "Z0,100000,1;X2,2201",
    "Z0,100000,1;X9,260000164022021327X1,ff", "Z0,100000,1" + String(repeating: ";X3,220027", count: 9),
  ])
  func aRefusedInsertionLeavesTheCondition(request: String) {
    #expect(bench.exchange("Z0,100001,1;X9,260000164022071327") == "OK")
    #expect(bench.exchange("Z0,100000,1;\(condition)") == "OK")
    #expect(bench.exchange(request).hasPrefix("E."))
    #expect(bench.machine.breakpoints.count == 2)
    start()
    bench.run()
    #expect(bench.machine[.rax] == 5)
  }

  /// Old and new stand side by side until the new one is read.
  @Test func aReplacementNeedsRoomBesideTheOldOne() {
    let long = "Xcb," + String(repeating: "2200", count: 100) + "220127"
    for number in 1...19 {
      #expect(bench.exchange("Z0,\(String(0x100100 + number, radix: 16)),1;\(long)") == "OK")
    }
    #expect(bench.exchange("Z0,100000,1;\(condition)") == "OK")
    // 4096 - 19 * 203 - 9 bytes are left: one more fits, and then none beside it.
    #expect(bench.exchange("Z0,100000,1;\(long)") == "OK")
    #expect(bench.exchange("Z0,100000,1;\(long)") == "E.no room for the conditions and commands")
    #expect(bench.exchange("Z0,100000,1;\(condition)") == "OK")
    start()
    bench.run()
    #expect(bench.machine[.rax] == 5)
  }

  @Test func aFullTableTakesReplacements() {
    #expect(bench.exchange("Z0,100000,1;X3,220027") == "OK")
    for number in 1..<32 {
      #expect(bench.exchange("Z0,\(String(0x100000 + 4 * number, radix: 16)),1;X3,220027") == "OK")
    }
    #expect(bench.exchange("Z0,100000,1;\(condition)") == "OK")
    start()
    bench.run()
    #expect(bench.machine[.rax] == 5)
  }

  @Test func memoryOfTheThreadThatStopped() {
    // *(char *)0x7f0000 == 5, aligned and not: 24 pushes 32 bits, 16 dereferences 8.
    bench.machine.memory[0x1000] = 5
    #expect(bench.exchange("Z0,100000,1;X9,24007f00001722051327") == "E.the expression has no end")
    #expect(bench.exchange("Z0,100000,1;Xa,24007f00001722051327") == "OK")
    start()
    #expect(bench.run() == 1)
    bench.machine.memory[0x1000] = 4
    _ = bench.answers()
    #expect(bench.exchange("Z0,100000,1;Xa,24007f000117220513" + "27") == "OK")
    bench.machine.memory[0x1001] = 5
    #expect(bench.ask("vCont;c").isEmpty)
    #expect(bench.run() == 1)
  }

  @Test func aConditionThatCannotBeEvaluatedIsToldInWords() {
    #expect(bench.exchange("Z0,100000,1;Xa,24001234561722051327") == "OK")
    start()
    #expect(bench.run() == 1)
    let answers = bench.answers().compactMap(\.text)
    #expect(answers.count == 2)
    #expect(
      text(ofHexadecimal: answers.first?.dropFirst() ?? "")
        == "the expression reads memory that cannot be read: 0x123456\n")
    #expect(answers.last?.hasPrefix("T05swbreak:;") == true)
  }

  @Test func commandsPrintAndTheMachineGoesOn() {
    // printf("%d\n", rax) as gdb has it, and a breakpoint that ends it.
    let command = "X11,260000" + "22002200" + "34010005" + hexadecimal("%d\\n\0") + "27"
    #expect(bench.exchange("Z0,100001,1;cmds:1,\(command)") == "OK")
    #expect(bench.exchange("Z0,100000,1;\(condition)") == "OK")
    start()
    bench.run()
    let answers = bench.answers().compactMap(\.text)
    #expect(
      answers.dropLast().map { text(ofHexadecimal: $0.dropFirst()) } == ["0\n", "1\n", "2\n", "3\n", "4\n"])
    #expect(answers.last?.hasPrefix("T05swbreak:;") == true)
  }

  @Test func anInterruptEndsARunOfFalseConditions() {
    #expect(bench.exchange("Z0,100000,1;X3,220027") == "OK")
    start()
    bench.wire.toStub = [0x03]
    bench.enter(.softwareBreakpoint)
    #expect(bench.outcome == nil)
    #expect(bench.answers().first?.text?.hasPrefix("T02thread:1;") == true)
  }

  @Test func theStoreFillsAndEmpties() {
    let long = String(repeating: "2200", count: 100) + "220027"
    let expression = "Xcb,\(long)"
    var inserted = 0
    while bench.exchange("Z0,\(String(0x100000 + inserted, radix: 16)),1;\(expression)") == "OK" {
      inserted += 1
    }
    #expect(inserted == 4096 / 203)
    #expect(
      bench.exchange("Z0,100100,1;\(expression)") == "E.no room for the conditions and commands")
    #expect(bench.machine.breakpoints.count == inserted)
    // Room again, wherever the gap is; those behind it still have their own conditions.
    #expect(bench.exchange("z0,100003,1") == "OK")
    #expect(bench.exchange("Z0,100100,1;\(condition)") == "OK")
    #expect(bench.exchange("z0,100000,1") == "OK")
    // What lay behind the gap is overwritten.
    #expect(bench.exchange("Z0,100200,1;\(expression)") == "OK")
    bench.machine.breakpoints.removeAll { $0.address != 0x100100 }
    bench.machine.write([0xeb, 0x00, 0x48, 0xff, 0xc0, 0xeb, 0xf9], at: 0x1000fe)
    bench.machine[.rip] = 0x1000fe
    bench.machine[.rax] = 0
    #expect(bench.ask("vCont;c").isEmpty)
    bench.run()
    #expect(bench.machine[.rax] == 5)
  }

  @Test func moreBreakpointsWithConditionsThanThereIsRoomFor() {
    for number in 0..<32 {
      #expect(bench.exchange("Z0,\(String(0x100000 + number, radix: 16)),1;X3,220027") == "OK")
    }
    #expect(bench.exchange("Z0,100020,1;X3,220027") == "E.no room for the conditions and commands")
    // Without a condition there is no limit of the stub's.
    #expect(bench.exchange("Z0,100020,1") == "OK")
  }
}
