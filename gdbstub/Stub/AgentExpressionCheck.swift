/// Refuses bytecode that could not be evaluated whatever the machine's state is: unknown or refused instructions, an
/// instruction that is cut off, a jump to where none begins, no end, a format string that cannot be printed. For the
/// moment when a breakpoint is inserted; what remains to be found out is found out by the evaluation.
public func checkAgentExpression(_ bytecode: Span<UInt8>) throws(AgentFault) {
  guard let whole = AgentExpressionSlice(offset: 0, count: bytecode.count) else { throw .tooLong }
  try checkAgentExpression(whole, of: bytecode)
}

/// The same for an expression in a buffer that holds several.
public func checkAgentExpression(
  _ expression: AgentExpressionSlice, of bytecode: Span<UInt8>
) throws(AgentFault) {
  guard expression.count <= AgentLimits.bytecode else { throw .tooLong }
  var starts = AgentInstructionStarts()
  var position = 0
  var last: AgentOpcode?
  while position < expression.count {
    let instruction = try AgentInstruction(expression, of: bytecode, at: position)
    starts.insert(position)
    try instruction.checkFormat(expression, of: bytecode)
    last = instruction.opcode
    position = instruction.next
  }
  guard last?.endsFlow == true else { throw .truncated }

  position = 0
  while position < expression.count {
    let instruction = try AgentInstruction(expression, of: bytecode, at: position)
    if instruction.opcode.jumps {
      guard instruction.target < expression.count, starts.contains(instruction.target) else {
        throw .badJump(target: instruction.number)
      }
    }
    position = instruction.next
  }
}

extension AgentInstruction {
  /// Every directive of a `printf` must be understood, and have its argument.
  fileprivate func checkFormat(
    _ expression: AgentExpressionSlice, of bytecode: Span<UInt8>
  ) throws(AgentFault) {
    guard opcode == .printFormatted else { return }
    var format = AgentFormat(of: self)
    var conversions = 0
    while let piece = try format.next(expression, of: bytecode) {
      if case .conversion = piece { conversions &+= 1 }
    }
    guard conversions == argumentCount else { throw .format }
  }
}

/// The offsets at which instructions begin: one bit for each.
private struct AgentInstructionStarts: ~Copyable {
  private var words: InlineArray<16, UInt64>

  init() { words = InlineArray(repeating: 0) }

  mutating func insert(_ offset: Int) {
    let word = offset >> 6
    guard word >= 0, word < 16 else { return }
    words[word] |= 1 << UInt64(truncatingIfNeeded: offset & 63)
  }

  mutating func contains(_ offset: Int) -> Bool {
    let word = offset >> 6
    guard word >= 0, word < 16 else { return false }
    return words[word] >> UInt64(truncatingIfNeeded: offset & 63) & 1 == 1
  }
}
