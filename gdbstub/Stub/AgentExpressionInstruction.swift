/// One instruction of an expression, decoded.
struct AgentInstruction: Sendable {
  let opcode: AgentOpcode
  /// The bytes that follow the opcode, as one number; of `printf` the argument count and the format's length.
  let operand: UInt64
  /// The offset of what follows the operand: the next instruction, or the format string of `printf`.
  let operandEnd: Int

  /// Decodes what stands at `position` of an expression.
  init(
    _ expression: AgentExpressionSlice, of bytecode: Span<UInt8>, at position: Int
  ) throws(AgentFault) {
    guard let first = bytecode.byte(at: position, of: expression) else { throw .truncated }
    guard let opcode = AgentOpcode(rawValue: first) else { throw .unknownInstruction(first) }
    guard !opcode.isRefused else { throw .unsupportedInstruction(first) }
    var operand: UInt64 = 0
    var place = position &+ 1
    let end = place &+ opcode.operandByteCount
    while place < end {
      guard let byte = bytecode.byte(at: place, of: expression) else { throw .truncated }
      operand = operand << 8 | UInt64(byte)
      place &+= 1
    }
    self.opcode = opcode
    self.operand = operand
    operandEnd = end
    guard next <= expression.count else { throw .truncated }
  }

  /// The offset of the next instruction.
  var next: Int { operandEnd &+ formatByteCount }

  /// Bytes of the format string of `printf`, its last zero byte included; otherwise 0.
  var formatByteCount: Int {
    opcode == .printFormatted ? Int(UInt16(truncatingIfNeeded: operand)) : 0
  }

  /// How many values `printf` takes.
  var argumentCount: Int { Int(UInt8(truncatingIfNeeded: operand >> 16)) }

  /// The offset that a jump goes to.
  var target: Int { Int(UInt16(truncatingIfNeeded: operand)) }

  /// The number of a register or of a state variable.
  var number: UInt16 { UInt16(truncatingIfNeeded: operand) }
}
