import X86

/// The DWARF expressions that call-frame information is made of. DWARF 5, 2.5 and 6.4.2.
enum DwarfExpression {
  /// One operation with its operands.
  struct Operation: Equatable, Sendable {
    let code: UInt8
    let first: UInt64
    let second: UInt64

    init(code: UInt8, first: UInt64 = 0, second: UInt64 = 0) {
      self.code = code
      self.first = first
      self.second = second
    }

    /// DW_OP_reg0... and DW_OP_regx.
    var isRegister: Bool { (0x50...0x6f).contains(code) || code == 0x90 }
  }

  /// What an expression comes to.
  enum Place: Equatable {
    case memory(UInt64)
    case register(Int)
    case value(UInt64)
  }

  /// More than any compiler uses; a damaged table must end somewhere.
  private static let deepestStack = 64

  /// Evaluates `operations` in a frame with `registers`; `frameAddress` is its CFA, and the first word of the stack, where
  /// it is known. `read` gives a qword of memory.
  static func evaluate(
    _ operations: [Operation], _ registers: FrameRegisters, frameAddress: UInt64?,
    read: (VirtualAddress) -> UInt64?
  ) throws(UnwindFailure) -> Place {
    var stack: [UInt64] = []
    for operation in operations {
      guard stack.count < deepestStack else { throw .damaged }
      switch operation.code {
      case 0x06:  // DW_OP_deref
        let address = VirtualAddress(try pop(&stack))
        guard let value = read(address) else { throw .unreadable(address) }
        stack.append(value)
      case 0x50...0x6f: return .register(Int(operation.code - 0x50))  // DW_OP_reg0...
      case 0x90: return .register(Int(clamping: operation.first))  // DW_OP_regx
      case 0x9f: return .value(try pop(&stack))  // DW_OP_stack_value
      case 0x9c:  // DW_OP_call_frame_cfa
        guard let frameAddress else { throw .damaged }
        stack.append(frameAddress)
      case 0x70...0x8f:  // DW_OP_breg0...
        stack.append(try based(Int(operation.code - 0x70), operation.first, registers))
      case 0x92:  // DW_OP_bregx
        stack.append(try based(Int(clamping: operation.first), operation.second, registers))
      case 0x23: stack.append(try pop(&stack) &+ operation.first)  // DW_OP_plus_uconst
      case 0x30...0x4f: stack.append(UInt64(operation.code - 0x30))  // DW_OP_lit0...
      case 0x08...0x11, 0x03: stack.append(operation.first)  // DW_OP_const..., DW_OP_addr
      case 0x12: stack.append(try top(stack))  // DW_OP_dup
      case 0x13: _ = try pop(&stack)  // DW_OP_drop
      default: try calculate(operation.code, &stack)
      }
    }
    return .memory(try pop(&stack))
  }

  /// A register's value with an offset.
  private static func based(
    _ number: Int, _ offset: UInt64, _ registers: FrameRegisters
  ) throws(UnwindFailure) -> UInt64 {
    guard let base = registers[number] else { throw .unknownRegister(number) }
    return base &+ offset
  }

  /// An operation on the two words on top.
  private static func calculate(_ code: UInt8, _ stack: inout [UInt64]) throws(UnwindFailure) {
    let right = try pop(&stack)
    let left = try pop(&stack)
    let signed = (left: Int64(bitPattern: left), right: Int64(bitPattern: right))
    let result: UInt64? =
      switch code {
      case 0x1a: left & right
      case 0x1c: left &- right
      case 0x1e: left &* right
      case 0x21: left | right
      case 0x22: left &+ right
      case 0x24: right < 64 ? left << right : 0
      case 0x25: right < 64 ? left >> right : 0
      case 0x26: UInt64(bitPattern: signed.left >> Int64(min(right, 63)))
      case 0x27: left ^ right
      case 0x29: signed.left == signed.right ? 1 : 0
      case 0x2a: signed.left >= signed.right ? 1 : 0
      case 0x2b: signed.left > signed.right ? 1 : 0
      case 0x2c: signed.left <= signed.right ? 1 : 0
      case 0x2d: signed.left < signed.right ? 1 : 0
      case 0x2e: signed.left != signed.right ? 1 : 0
      default: nil
      }
    guard let result else { throw .damaged }
    stack.append(result)
  }

  private static func pop(_ stack: inout [UInt64]) throws(UnwindFailure) -> UInt64 {
    guard let value = stack.popLast() else { throw .damaged }
    return value
  }

  private static func top(_ stack: [UInt64]) throws(UnwindFailure) -> UInt64 {
    guard let value = stack.last else { throw .damaged }
    return value
  }
}
