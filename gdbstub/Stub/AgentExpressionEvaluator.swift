/// Evaluates an expression of GDB's agent bytecode. GDB manual, appendix F.
///
/// It need not have been checked: whatever the bytes are, the evaluation ends with a value or a fault, within
/// ``AgentLimits``.
///
/// - Returns: the value on top of the stack at `end`; 0 when there is none, as after commands.
public func evaluateAgentExpression<Environment: AgentEnvironment & ~Copyable>(
  _ bytecode: Span<UInt8>, in environment: inout Environment
) throws(AgentFault) -> UInt64 {
  guard let whole = AgentExpressionSlice(offset: 0, count: bytecode.count) else { throw .tooLong }
  return try evaluateAgentExpression(whole, of: bytecode, in: &environment)
}

/// The same for an expression in a buffer that holds several.
public func evaluateAgentExpression<Environment: AgentEnvironment & ~Copyable>(
  _ expression: AgentExpressionSlice, of bytecode: Span<UInt8>, in environment: inout Environment
) throws(AgentFault) -> UInt64 {
  guard expression.count <= AgentLimits.bytecode else { throw .tooLong }
  var evaluation = AgentEvaluation()
  return try evaluation.run(expression, of: bytecode, in: &environment)
}

/// One evaluation under way.
struct AgentEvaluation: ~Copyable {
  var stack = AgentStack()
  /// The offset of the next instruction.
  private var position = 0
  var printer = AgentPrinter()

  init() {}

  mutating func run<Environment: AgentEnvironment & ~Copyable>(
    _ expression: AgentExpressionSlice, of bytecode: Span<UInt8>, in environment: inout Environment
  ) throws(AgentFault) -> UInt64 {
    var stepsLeft = AgentLimits.steps
    while stepsLeft > 0 {
      stepsLeft &-= 1
      let instruction = try AgentInstruction(expression, of: bytecode, at: position)
      position = instruction.next
      switch instruction.opcode {
      case .end: return stack.isEmpty ? 0 : try stack.pop()
      case .goto: try jump(instruction, in: expression)
      case .gotoIfTrue: if try stack.pop() != 0 { try jump(instruction, in: expression) }
      case .printFormatted: try print(instruction, expression, of: bytecode, in: &environment)
      default: try execute(instruction, in: &environment)
      }
    }
    throw .tooManySteps
  }

  private mutating func jump(
    _ instruction: AgentInstruction, in expression: AgentExpressionSlice
  ) throws(AgentFault) {
    guard instruction.target < expression.count else { throw .badJump(target: instruction.number) }
    position = instruction.target
  }

  /// What needs neither the bytecode nor the place in it.
  private mutating func execute<Environment: AgentEnvironment & ~Copyable>(
    _ instruction: AgentInstruction, in environment: inout Environment
  ) throws(AgentFault) {
    switch instruction.opcode {
    case .constant8, .constant16, .constant32, .constant64: try stack.push(instruction.operand)
    case .register: try pushRegister(instruction.number, in: &environment)
    case .reference8: try reference(.byte, in: &environment)
    case .reference16: try reference(.word, in: &environment)
    case .reference32: try reference(.doubleWord, in: &environment)
    case .reference64: try reference(.quadWord, in: &environment)
    case .getVariable:
      guard let value = environment.variable(instruction.number) else { throw .variable(instruction.number) }
      try stack.push(value)
    case .setVariable:
      let value = try stack.pick(0)
      guard environment.setVariable(instruction.number, to: value) else {
        throw .variable(instruction.number)
      }
    case .duplicate: try stack.push(stack.pick(0))
    case .pop: try stack.drop(1)
    case .swap: try swap()
    case .pick: try stack.push(stack.pick(Int(UInt8(truncatingIfNeeded: instruction.operand))))
    case .rotate: try rotate()
    case .logicalNot, .bitNot, .signExtend, .zeroExtend: try unary(instruction)
    default: try binary(instruction)
    }
  }

  private mutating func unary(_ instruction: AgentInstruction) throws(AgentFault) {
    guard let result = instruction.opcode.result(try stack.pop(), bits: instruction.operand) else {
      throw .unsupportedInstruction(instruction.opcode.rawValue)
    }
    try stack.push(result)
  }

  private mutating func binary(_ instruction: AgentInstruction) throws(AgentFault) {
    let right = try stack.pop()
    let left = try stack.pop()
    guard let result = try instruction.opcode.result(left, right) else {
      throw .unsupportedInstruction(instruction.opcode.rawValue)
    }
    try stack.push(result)
  }

  private mutating func swap() throws(AgentFault) {
    let top = try stack.pop()
    let below = try stack.pop()
    try stack.push(top)
    try stack.push(below)
  }

  /// `a b c` becomes `c a b`.
  private mutating func rotate() throws(AgentFault) {
    let top = try stack.pop()
    let middle = try stack.pop()
    let bottom = try stack.pop()
    try stack.push(top)
    try stack.push(bottom)
    try stack.push(middle)
  }

  private mutating func pushRegister<Environment: AgentEnvironment & ~Copyable>(
    _ number: UInt16, in environment: inout Environment
  ) throws(AgentFault) {
    guard let value = environment.register(number) else { throw .register(number) }
    try stack.push(value)
  }

  private mutating func reference<Environment: AgentEnvironment & ~Copyable>(
    _ width: AccessWidth, in environment: inout Environment
  ) throws(AgentFault) {
    let address = try stack.pop()
    guard let value = environment.read(address, width: width) else { throw .memory(address: address) }
    try stack.push(value)
  }

  /// Function and channel lie on top of the arguments. Both are ignored, as the manual allows: there is one place to
  /// print to, and nothing of the kernel is called.
  private mutating func print<Environment: AgentEnvironment & ~Copyable>(
    _ instruction: AgentInstruction, _ expression: AgentExpressionSlice, of bytecode: Span<UInt8>,
    in environment: inout Environment
  ) throws(AgentFault) {
    try stack.drop(2)
    var format = AgentFormat(of: instruction)
    var argumentsLeft = instruction.argumentCount
    while let piece = try format.next(expression, of: bytecode) {
      switch piece {
      case .literal(let byte): try printer.byte(byte, to: &environment)
      case .conversion(let conversion):
        guard argumentsLeft > 0 else { throw .format }
        argumentsLeft &-= 1
        try printer.convert(try stack.pop(), conversion, in: &environment)
      }
    }
    guard argumentsLeft == 0 else { throw .format }
  }
}
