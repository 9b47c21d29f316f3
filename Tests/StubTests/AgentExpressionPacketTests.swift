import RemoteProtocol
import Stub
import Testing

/// The tail of a `Z` packet: conditions and commands. What GDB sends was recorded from GDB 13.
@Suite struct AgentExpressionPacketTests {
  /// A list as it was read, or why it was refused.
  private struct Reading {
    var list: AgentExpressionList
    var fault: AgentFault?
    var bytecode: [UInt8]

    init(_ tail: String, room: Int = 1024, before: String = "Z0,401000,1") {
      let packet = Array((before + tail).utf8)
      var buffer = [UInt8](repeating: 0xee, count: room)
      var list = AgentExpressionList()
      do throws(AgentFault) {
        var span = buffer.mutableSpan
        list = try AgentExpressionList(
          packet.span, from: PacketCursor(position: before.utf8.count), into: &span)
      } catch {
        fault = error
      }
      self.list = list
      bytecode = buffer
    }

    func verdict(_ machine: inout AgentMachine) -> AgentVerdict {
      list.verdict(of: bytecode.span, in: &machine)
    }
  }

  @Test(arguments: AgentProgram.conditions)
  func conditionsThatGDBCompiles(condition: String, tail: String, value: UInt64) throws {
    let reading = Reading(tail)
    #expect(reading.fault == nil)
    #expect(reading.list.conditionCount == 1)
    #expect(reading.list.commandCount == 0)
    var machine = AgentProgram.machine
    let place = try #require(reading.list.condition(0))
    let result = try evaluateAgentExpression(place, of: reading.bytecode.span, in: &machine)
    #expect(result == value, "\(condition)")
    #expect(reading.verdict(&machine) == (value == 0 ? .doesNotHold : .holds))
  }

  @Test(arguments: AgentProgram.messages)
  func messagesThatGDBCompiles(command: String, tail: String, output: String) {
    let reading = Reading(tail)
    #expect(reading.fault == nil)
    #expect(reading.list.conditionCount == 0)
    #expect(reading.list.commandCount == 1)
    #expect(reading.list.persistence == (tail.hasPrefix(";cmds:1") ? .afterDetach : .whileAttached))
    var machine = AgentProgram.machine
    #expect(reading.verdict(&machine) == .holds)
    #expect(reading.list.runCommands(of: reading.bytecode.span, in: &machine) == nil)
    #expect(machine.printed == output.unicodeScalars.map { UInt8($0.value) }, "\(command)")
  }

  /// `tvariable $count`, then a condition that counts: `($count = $count + 1) == 3`.
  @Test func aConditionThatCounts() {
    let reading = Reading(";Xf,2c000122010216402d000122031327")
    #expect(reading.fault == nil)
    var machine = AgentMachine()
    let verdicts = (0..<4).map { _ in reading.verdict(&machine) }
    #expect(verdicts == [.doesNotHold, .doesNotHold, .holds, .doesNotHold])
  }

  /// Two breakpoints at one place: `i == 6`, `i == 5`.
  @Test func oneConditionOfSeveralIsEnough() {
    let reading = Reading(";Xc,240040300019162022061327Xc,240040300019162022051327")
    #expect(reading.list.conditionCount == 2)
    #expect(reading.list.byteCount == 24)
    var machine = AgentProgram.machine
    #expect(reading.verdict(&machine) == .holds)
    machine.store(7 as Int32, at: 0x40_3000)
    #expect(reading.verdict(&machine) == .doesNotHold)
    machine.memory = [:]
    #expect(reading.verdict(&machine) == .cannotTell(.memory(address: 0x40_3000)))
  }

  @Test func conditionsAndCommandsOfOneBreakpoint() {
    let reading = Reading(
      ";Xc,240040300019162022051327;cmds:1,X22,2400403004192200220034010013"
        + "71756f74655c22715c5c2025755c655b306d0027")
    #expect(reading.fault == nil)
    #expect(reading.list.conditionCount == 1)
    #expect(reading.list.commandCount == 1)
    #expect(reading.list.condition(0) == AgentExpressionSlice(offset: 0, count: 12))
    #expect(reading.list.command(0) == AgentExpressionSlice(offset: 12, count: 34))
    #expect(reading.list.condition(1) == nil)
    #expect(reading.list.command(1) == nil)
    #expect(reading.list.condition(-1) == nil)
    #expect(reading.list.byteCount == 46)
    var machine = AgentProgram.machine
    #expect(reading.list.runCommands(of: reading.bytecode.span, in: &machine) == nil)
    #expect(machine.output == "quote\"q\\ 4000000000\u{1b}[0m")
  }

  /// `dprintf main,"a %d",i` and `dprintf main,"b %d",u`; the first one fails the second time.
  @Test func everyCommandRuns() {
    let reading = Reading(
      ";cmds:0,X16,24004030001916202200220034010005612025640027X14,2400403004192200220034010005622025640027")
    #expect(reading.list.commandCount == 2)
    #expect(reading.list.persistence == .whileAttached)
    var machine = AgentProgram.machine
    #expect(reading.list.runCommands(of: reading.bytecode.span, in: &machine) == nil)
    #expect(machine.output == "a 5b -294967296")
    machine.memory[0x40_3000] = nil
    #expect(reading.list.runCommands(of: reading.bytecode.span, in: &machine) == .memory(address: 0x40_3000))
    #expect(machine.output == "a 5b -294967296b -294967296")
  }

  @Test func withoutATailEveryHitCounts() {
    let reading = Reading("")
    #expect(reading.fault == nil)
    #expect(reading.list.byteCount == 0)
    var machine = AgentMachine()
    #expect(reading.verdict(&machine) == .holds)
    #expect(reading.list.runCommands(of: reading.bytecode.span, in: &machine) == nil)
  }

  /// GDB sends what it cannot know that the target refuses: `%f`, `%ls`.
  @Test(arguments: [
    ";cmds:0,X10,2201220022003401000525665c6e0027",
    ";cmds:0,X15,24004030481a2200220034010006256c735c6e0027",
  ])
  func formatsThatCannotBePrintedAreRefusedAtOnce(tail: String) {
    #expect(Reading(tail).fault == .format)
  }

  @Test(arguments: [
    ";", ";;", "X1,27", ";X", ";X1", ";X1,", ";X1,2", ";X1,2g", ";X,27", ";Xg,27", ";X2,27", ";X1,27,",
    ";X1,2727",
    ";X1,27;", ";x1,27", ";X1,27Y", ";Z", ";cmds", ";cmds:", ";cmds:1", ";cmds:1,", ";cmds:,X1,27",
    ";cmds:1X1,27",
    ";cmdsX1,27", ";cmds:0,X1,27;X1,27", ";X1,27;cmds:0,", ":X1,27", ";X10000000000000000,27", " ;X1,27",
  ])
  func malformedTails(tail: String) {
    #expect(Reading(tail).fault == .malformedList, "\(tail)")
  }

  @Test func everyCutOfATailIsRefusedOrWhole() {
    let tail =
      ";Xc,240040300019162022061327Xc,240040300019162022051327;cmds:1,X10,22002200340000076e6f6e655c6e0027"
    let whole = [0, 28, 55, tail.count]
    for count in 0...tail.count {
      let reading = Reading(String(tail.prefix(count)))
      #expect((reading.fault == nil) == whole.contains(count), "\(count)")
    }
  }

  @Test func separatorsBetweenExpressionsAreUnderstood() {
    let reading = Reading(";X1,27;X1,27;cmds:0,X1,27;cmds:1,X1,27")
    #expect(reading.fault == nil)
    #expect(reading.list.conditionCount == 2)
    #expect(reading.list.commandCount == 2)
    #expect(reading.list.persistence == .afterDetach)
  }

  @Test func malformedBytecodeIsRefused() {
    #expect(Reading(";X0,").fault == .truncated)
    #expect(Reading(";X1,02").fault == .truncated)
    #expect(Reading(";X2,0127").fault == .unsupportedInstruction(1))
    #expect(Reading(";X2,ff27").fault == .unknownInstruction(0xff))
    #expect(Reading(";X4,21000927").fault == .badJump(target: 9))
    #expect(Reading(";X1,27X1,02").fault == .truncated)
  }

  /// An expression is checked within its own end, not with what follows in the buffer.
  @Test func expressionsDoNotSeeEachOther() {
    #expect(Reading(";X2,2227X2,2727").fault == .truncated)
    #expect(Reading(";X3,210003X1,27").fault == .badJump(target: 3))
  }

  @Test func room() {
    let condition = ";Xc,240040300019162022051327"
    #expect(Reading(condition, room: 12).fault == nil)
    #expect(Reading(condition, room: 11).fault == .noSpace)
    #expect(Reading(condition, room: 0).fault == .noSpace)
    #expect(Reading(";X1,27X1,27X1,27", room: 2).fault == .noSpace)
    #expect(Reading(";X401,27").fault == .tooLong)
    #expect(Reading(";Xffffffffffffffff,27").fault == .tooLong)
    #expect(Reading(";" + String(repeating: "X1,27", count: AgentExpressionList.capacity)).fault == nil)
    #expect(
      Reading(";" + String(repeating: "X1,27", count: AgentExpressionList.capacity + 1)).fault
        == .tooManyExpressions)
  }

  /// What was behind the expressions in the buffer is still there.
  @Test func nothingBehindIsWritten() {
    let reading = Reading(";X1,27X3,220127", room: 16)
    #expect(reading.bytecode == [0x27, 0x22, 0x01, 0x27] + [UInt8](repeating: 0xee, count: 12))
  }

  @Test func slicesOutsideOfTheBufferGiveNothing() throws {
    var machine = AgentMachine()
    let outside = try #require(AgentExpressionSlice(offset: 3, count: 10))
    #expect(throws: AgentFault.truncated) {
      try evaluateAgentExpression(outside, of: [Op.end, Op.end].span, in: &machine)
    }
    #expect(throws: AgentFault.truncated) { try checkAgentExpression(outside, of: [Op.end].span) }
    let start = try #require(AgentExpressionSlice(offset: 0, count: 2))
    #expect(throws: AgentFault.truncated) {
      try evaluateAgentExpression(start, of: [Op.const8, 1, Op.end].span, in: &machine)
    }
    #expect(AgentExpressionSlice(offset: -1, count: 1) == nil)
    #expect(AgentExpressionSlice(offset: 0, count: 65_536) == nil)
  }
}
