extension AgentOpcode {
  /// What an instruction that takes two values makes of them; the right one was on top. All of them work on 64 bits
  /// and wrap; a shift by 64 or more leaves nothing but sign bits. Nil of any other instruction.
  func result(_ left: UInt64, _ right: UInt64) throws(AgentFault) -> UInt64? {
    switch self {
    case .add: left &+ right
    case .subtract: left &- right
    case .multiply: left &* right
    case .divideSigned, .divideUnsigned, .remainderSigned, .remainderUnsigned: try quotient(left, right)
    case .shiftLeft: left << right
    case .shiftRightSigned: UInt64(bitPattern: Int64(bitPattern: left) >> right)
    case .shiftRightUnsigned: left >> right
    case .bitAnd: left & right
    case .bitOr: left | right
    case .bitXor: left ^ right
    case .equal: left == right ? 1 : 0
    case .lessSigned: Int64(bitPattern: left) < Int64(bitPattern: right) ? 1 : 0
    case .lessUnsigned: left < right ? 1 : 0
    default: nil
    }
  }

  /// What an instruction that takes one value makes of it; nil of any other instruction.
  func result(_ value: UInt64, bits: UInt64) -> UInt64? {
    switch self {
    case .logicalNot: value == 0 ? 1 : 0
    case .bitNot: ~value
    case .signExtend: UInt64(bitPattern: Int64(bitPattern: value << unused(bits)) >> unused(bits))
    case .zeroExtend: (value << unused(bits)) >> unused(bits)
    default: nil
    }
  }

  /// The bits above the lowest `bits`.
  private func unused(_ bits: UInt64) -> UInt64 { bits < 64 ? 64 &- bits : 0 }

  /// The one quotient that does not fit, of the smallest number by -1, wraps as a negation does.
  private func quotient(_ left: UInt64, _ right: UInt64) throws(AgentFault) -> UInt64? {
    guard right != 0 else { throw .divisionByZero }
    let (signedLeft, signedRight) = (Int64(bitPattern: left), Int64(bitPattern: right))
    switch self {
    case .divideSigned:
      return UInt64(bitPattern: signedLeft.dividedReportingOverflow(by: signedRight).partialValue)
    case .remainderSigned:
      return UInt64(bitPattern: signedLeft.remainderReportingOverflow(dividingBy: signedRight).partialValue)
    case .divideUnsigned: return left.dividedReportingOverflow(by: right).partialValue
    case .remainderUnsigned: return left.remainderReportingOverflow(dividingBy: right).partialValue
    default: return nil
    }
  }
}
