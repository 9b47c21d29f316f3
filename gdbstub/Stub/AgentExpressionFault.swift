/// Why an agent expression is refused, or ended without a value.
public enum AgentFault: Error, Equatable, Sendable {
  /// Longer than ``AgentLimits/bytecode``.
  case tooLong
  /// It ends inside of an instruction, or without `end`.
  case truncated
  case unknownInstruction(UInt8)
  /// Floating point, or the recording of tracepoints.
  case unsupportedInstruction(UInt8)
  /// A jump to where no instruction begins.
  case badJump(target: UInt16)
  case stackOverflow
  case stackUnderflow
  case divisionByZero
  /// More than ``AgentLimits/steps``.
  case tooManySteps
  case memory(address: UInt64)
  case register(UInt16)
  case variable(UInt16)
  /// A format string without its end, with a directive that is not supported, or with another number of directives
  /// than arguments.
  case format
  /// More than ``AgentLimits/output``.
  case tooMuchOutput
  /// A breakpoint's list of expressions is none.
  case malformedList
  /// More expressions than ``AgentExpressionList/capacity``.
  case tooManyExpressions
  /// The bytecode of a breakpoint does not fit into its buffer.
  case noSpace
}

extension AgentFault {
  /// The same for the client's user.
  public var refusal: Refusal {
    switch self {
    case .tooLong: Refusal(Refusal.noSpace, "the expression is too long")
    case .truncated: Refusal(Refusal.invalid, "the expression has no end")
    case .unknownInstruction: Refusal(Refusal.invalid, "the expression has an unknown instruction")
    case .unsupportedInstruction:
      Refusal(Refusal.invalid, "the expression needs floating point or a trace buffer")
    case .badJump: Refusal(Refusal.invalid, "the expression jumps to where no instruction begins")
    case .stackOverflow: Refusal(Refusal.noSpace, "the expression needs too large a stack")
    case .stackUnderflow: Refusal(Refusal.invalid, "the expression takes more values than it has")
    case .divisionByZero: Refusal(Refusal.invalid, "the expression divides by zero")
    case .tooManySteps: Refusal(Refusal.invalid, "the expression does not come to an end")
    case .memory(let address):
      Refusal(Refusal.badAddress, "the expression reads memory that cannot be read:", at: address)
    case .register(let number):
      Refusal(Refusal.invalid, "the expression reads an unknown register, number", at: UInt64(number))
    case .variable(let number):
      Refusal(Refusal.invalid, "the expression uses an unknown state variable, number", at: UInt64(number))
    case .format: Refusal(Refusal.invalid, "the format string cannot be printed by the target")
    case .tooMuchOutput: Refusal(Refusal.noSpace, "the expression prints too much")
    case .malformedList: Refusal(Refusal.invalid, "conditions and commands cannot be understood")
    case .tooManyExpressions: Refusal(Refusal.noSpace, "too many conditions and commands at one place")
    case .noSpace: Refusal(Refusal.noSpace, "no room for the conditions and commands")
    }
  }
}
