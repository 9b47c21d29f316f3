/// The instructions of agent expressions. GDB manual, F.2, "Bytecode Descriptions".
enum AgentOpcode: UInt8, Equatable, Sendable {
  case float = 0x01
  case add = 0x02
  case subtract = 0x03
  case multiply = 0x04
  case divideSigned = 0x05
  case divideUnsigned = 0x06
  case remainderSigned = 0x07
  case remainderUnsigned = 0x08
  case shiftLeft = 0x09
  case shiftRightSigned = 0x0a
  case shiftRightUnsigned = 0x0b
  case trace = 0x0c
  case traceQuick = 0x0d
  case logicalNot = 0x0e
  case bitAnd = 0x0f
  case bitOr = 0x10
  case bitXor = 0x11
  case bitNot = 0x12
  case equal = 0x13
  case lessSigned = 0x14
  case lessUnsigned = 0x15
  case signExtend = 0x16
  case reference8 = 0x17
  case reference16 = 0x18
  case reference32 = 0x19
  case reference64 = 0x1a
  case referenceFloat = 0x1b
  case referenceDouble = 0x1c
  case referenceLongDouble = 0x1d
  case integerToDouble = 0x1e
  case doubleToInteger = 0x1f
  case gotoIfTrue = 0x20
  case goto = 0x21
  case constant8 = 0x22
  case constant16 = 0x23
  case constant32 = 0x24
  case constant64 = 0x25
  case register = 0x26
  case end = 0x27
  case duplicate = 0x28
  case pop = 0x29
  case zeroExtend = 0x2a
  case swap = 0x2b
  case getVariable = 0x2c
  case setVariable = 0x2d
  case traceVariable = 0x2e
  case traceString = 0x2f
  case trace16 = 0x30
  case pick = 0x32
  case rotate = 0x33
  case printFormatted = 0x34

  /// The bytes that follow the opcode, most significant first; of `printf` those before its format string.
  var operandByteCount: Int {
    switch self {
    case .signExtend, .zeroExtend, .constant8, .pick, .traceQuick: 1
    case .constant16, .gotoIfTrue, .goto, .register, .getVariable, .setVariable, .traceVariable, .trace16: 2
    case .printFormatted: 3
    case .constant32: 4
    case .constant64: 8
    default: 0
    }
  }

  /// Whether it is refused: floating point, which no client generates, and what records for a tracepoint, because
  /// there is no trace buffer.
  var isRefused: Bool {
    switch self {
    case .float, .referenceFloat, .referenceDouble, .referenceLongDouble, .integerToDouble, .doubleToInteger,
      .trace, .traceQuick, .trace16, .traceVariable, .traceString:
      true
    default: false
    }
  }

  /// Whether execution never goes on with the instruction behind it.
  var endsFlow: Bool { self == .end || self == .goto }

  /// Whether its operand is an offset in the expression.
  var jumps: Bool { self == .goto || self == .gotoIfTrue }
}
