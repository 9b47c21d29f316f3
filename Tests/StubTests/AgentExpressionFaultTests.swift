import Stub
import Testing

/// Every way not to come to a value.
@Suite struct AgentExpressionFaultTests {
  private func fault(_ bytecode: [UInt8], registers: [UInt16: UInt64] = [:]) -> AgentFault? {
    var machine = AgentMachine(registers: registers)
    guard case .failure(let fault) = machine.evaluate(bytecode) else { return nil }
    return fault
  }

  @Test(arguments: [Op.divSigned, Op.divUnsigned, Op.remSigned, Op.remUnsigned])
  func divisionByZero(code: UInt8) {
    #expect(fault(Op.push([1, 0]) + [code, Op.end]) == .divisionByZero)
  }

  @Test func memoryThatIsNotThere() {
    var machine = AgentMachine()
    machine.store(1 as UInt32, at: 0x1000)
    #expect(machine.evaluate(Op.push(0x1001) + [Op.ref32, Op.end]) == .failure(.memory(address: 0x1001)))
    #expect(machine.evaluate(Op.push(0x1001) + [Op.ref16, Op.end]) == .success(0))
  }

  @Test func registersAndVariablesThatAreNotThere() {
    #expect(fault([Op.reg, 0x12, 0x34, Op.end]) == .register(0x1234))
    #expect(fault([Op.getv, 0, 32, Op.end]) == .variable(32))
    #expect(fault([Op.const8, 1, Op.setv, 1, 0, Op.end]) == .variable(256))
    #expect(fault([Op.getv, 0, 31, Op.end]) == nil)
  }

  /// An environment without variables.
  @Test func variablesCanBeRefused() throws {
    struct Bare: AgentEnvironment {
      mutating func register(_ number: UInt16) -> UInt64? { nil }
      mutating func read(_ address: UInt64, width: AccessWidth) -> UInt64? { nil }
      mutating func write(_ byte: UInt8) {}
    }
    var bare = Bare()
    #expect(throws: AgentFault.variable(1)) {
      try evaluateAgentExpression([Op.getv, 0, 1, Op.end].span, in: &bare)
    }
    #expect(throws: AgentFault.variable(1)) {
      try evaluateAgentExpression([Op.const8, 0, Op.setv, 0, 1, Op.end].span, in: &bare)
    }
  }

  /// What an instruction takes, and one less.
  @Test(arguments: [
    (1, [Op.pop]), (1, [Op.dup]), (2, [Op.swap]), (3, [Op.rot]), (1, [Op.pick, 0]), (4, [Op.pick, 3]),
    (2, [Op.add]), (2, [Op.sub]), (2, [Op.mul]), (2, [Op.divSigned]), (2, [Op.divUnsigned]),
    (2, [Op.remSigned]),
    (2, [Op.remUnsigned]), (2, [Op.lsh]), (2, [Op.rshSigned]), (2, [Op.rshUnsigned]), (1, [Op.logNot]),
    (2, [Op.bitAnd]), (2, [Op.bitOr]), (2, [Op.bitXor]), (1, [Op.bitNot]), (2, [Op.equal]),
    (2, [Op.lessSigned]),
    (2, [Op.lessUnsigned]), (1, [Op.ext, 8]), (1, [Op.zeroExt, 8]), (1, [Op.ref8]), (1, [Op.ref16]),
    (1, [Op.ref32]), (1, [Op.ref64]), (1, [Op.ifGoto, 0, 0]), (1, [Op.setv, 0, 1]),
    (2, [Op.printf, 0, 0, 1, 0]),
    (3, [Op.printf, 1, 0, 3, UInt8(ascii: "%"), UInt8(ascii: "d"), 0]),
  ])
  func everyInstructionMissesItsValues(count: Int, code: [UInt8]) {
    let values = [UInt64](repeating: 1, count: count - 1)
    #expect(fault(Op.push(values) + code + [Op.end]) == .stackUnderflow)
    let enough = fault(Op.push(values + [1]) + code + [Op.end])
    #expect(enough != .stackUnderflow || code[0] == Op.ifGoto)
  }

  @Test func whatIsPushedLaterDoesNotMakeUpForMissingValues() {
    #expect(fault([Op.pop, Op.const8, 1, Op.const8, 1, Op.end]) == .stackUnderflow)
    #expect(fault([Op.const8, 1, Op.printf, 0, 0, 1, 0, Op.const8, 1, Op.end]) == .stackUnderflow)
  }

  @Test func theStackIsBounded() {
    let full = [UInt64](repeating: 1, count: AgentLimits.stackDepth)
    #expect(fault(Op.push(full) + [Op.end]) == nil)
    #expect(fault(Op.push(full) + [Op.dup, Op.end]) == .stackOverflow)
    #expect(fault(Op.push(full) + [Op.pick, 1, Op.end]) == .stackOverflow)
    #expect(fault(Op.push(full) + [Op.const8, 1, Op.end]) == .stackOverflow)
    #expect(fault(Op.push(full) + [Op.getv, 0, 1, Op.end]) == .stackOverflow)
    #expect(fault(Op.push(full) + [Op.reg, 0, 1, Op.end], registers: [1: 1]) == .stackOverflow)
  }

  @Test func endlessLoopsEnd() {
    #expect(fault([Op.goto, 0, 0]) == .tooManySteps)
    #expect(fault([Op.const8, 1, Op.ifGoto, 0, 0, Op.end]) == .tooManySteps)
    #expect(fault([Op.const8, 1, Op.goto, 0, 0]) == .stackOverflow)
  }

  @Test func jumpsOutside() {
    #expect(fault([Op.goto, 0, 3]) == .badJump(target: 3))
    #expect(fault([Op.goto, 0xff, 0xff]) == .badJump(target: 0xffff))
    #expect(fault([Op.const8, 1, Op.ifGoto, 1, 0, Op.end]) == .badJump(target: 0x100))
    // Not taken.
    #expect(fault([Op.const8, 0, Op.ifGoto, 1, 0, Op.end]) == nil)
    #expect(refusal(of: [Op.const8, 0, Op.ifGoto, 1, 0, Op.end]) == .badJump(target: 0x100))
  }

  @Test func jumpsIntoAnInstructionAreRefusedWhenABreakpointIsInserted() {
    // The operand of the constant is an `end`.
    let inside = [Op.goto, 0, 4, Op.const8, Op.end, Op.end]
    #expect(refusal(of: inside) == .badJump(target: 4))
    #expect(fault(inside) == nil)
    let intoFormat =
      [Op.goto, 0, 12, Op.const8, 0, Op.const8, 0, Op.printf, 0, 0, 3] + Array("ab".utf8) + [0, Op.end]
    #expect(refusal(of: intoFormat) == .badJump(target: 12))
    #expect(refusal(of: [Op.goto, 0, 3, Op.const8, 1, Op.end]) == nil)
    #expect(refusal(of: [Op.goto, 0, 5, Op.const8, 1, Op.end]) == nil)
  }

  /// A sound program cut at every place.
  @Test func truncation() {
    let program =
      [Op.const8, 1, Op.pop, Op.const16, 0, 2, Op.pop, Op.const32, 0, 0, 0, 3, Op.pop] + Op.push(4) + [Op.pop]
      + [Op.const8, 9, Op.ext, 8, Op.zeroExt, 8, Op.pick, 0, Op.ifGoto, 0, 34, Op.pop, Op.end]
    #expect(refusal(of: program) == nil)
    #expect(fault(program) == nil)
    for count in 0..<program.count {
      let start = Array(program.prefix(count))
      #expect(refusal(of: start) == .truncated, "\(count) bytes")
      #expect(fault(start) != nil, "\(count) bytes")
    }
    let printing = Op.print("%d\\n", 5)
    for count in 0..<printing.count {
      #expect(refusal(of: Array(printing.prefix(count))) == .truncated, "\(count) bytes")
      #expect(fault(Array(printing.prefix(count))) == .truncated, "\(count) bytes")
    }
  }

  @Test func anExpressionMustEnd() {
    #expect(refusal(of: []) == .truncated)
    #expect(refusal(of: [Op.const8, 1]) == .truncated)
    #expect(refusal(of: [Op.end, Op.add]) == .truncated)
    #expect(refusal(of: [Op.end]) == nil)
  }

  /// Floating point and tracing, wherever they stand.
  @Test(arguments: [0x01, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f, 0x0c, 0x0d, 0x2e, 0x2f, 0x30] as [UInt8])
  func refusedInstructions(code: UInt8) {
    let bytecode = Op.push([1, 1]) + [code, 0, 1, Op.end]
    #expect(fault(bytecode) == .unsupportedInstruction(code))
    #expect(refusal(of: bytecode) == .unsupportedInstruction(code))
    #expect(refusal(of: [Op.end, code, 0, 1, Op.end]) == .unsupportedInstruction(code))
  }

  @Test(arguments: [UInt8(0), 0x31, 0x35, 0x80, 0xff])
  func unknownInstructions(code: UInt8) {
    #expect(fault([code, Op.end]) == .unknownInstruction(code))
    #expect(refusal(of: [code, Op.end]) == .unknownInstruction(code))
  }

  @Test func length() {
    let longest = [UInt8](repeating: Op.dup, count: AgentLimits.bytecode - 1) + [Op.end]
    #expect(refusal(of: longest) == nil)
    #expect(refusal(of: [Op.dup] + longest) == .tooLong)
    #expect(fault([Op.dup] + longest) == .tooLong)
    #expect(refusal(of: [UInt8](repeating: Op.end, count: 70_000)) == .tooLong)
    #expect(fault([UInt8](repeating: Op.end, count: 70_000)) == .tooLong)
  }

  /// The longest expression without a loop is not stopped by the limit of steps.
  @Test func stepsAreEnoughForTheLongestExpression() {
    let longest = [Op.const8, 1] + [UInt8](repeating: Op.logNot, count: AgentLimits.bytecode - 3) + [Op.end]
    var machine = AgentMachine()
    #expect(machine.evaluate(longest) == .success(0))
  }

  @Test func everyFaultHasItsWords() {
    let faults: [AgentFault] = [
      .tooLong, .truncated, .unknownInstruction(1), .unsupportedInstruction(1), .badJump(target: 1),
      .stackOverflow,
      .stackUnderflow, .divisionByZero, .tooManySteps, .memory(address: 0x1234), .register(1), .variable(1),
      .format,
      .tooMuchOutput, .malformedList, .tooManyExpressions, .noSpace,
    ]
    let words = Set(faults.map { "\($0.refusal.reason)" })
    #expect(words.count == faults.count)
    #expect(AgentFault.memory(address: 0x1234).refusal.address == 0x1234)
    #expect(AgentFault.memory(address: 0x1234).refusal.code == Refusal.badAddress)
  }
}
