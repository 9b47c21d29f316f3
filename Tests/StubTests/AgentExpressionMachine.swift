import Stub

/// What an expression under test sees: bytes that stand at some addresses, registers by number, and a page to print on.
struct AgentMachine: AgentEnvironment {
  var memory: [UInt64: UInt8] = [:]
  var registers: [UInt16: UInt64] = [:]
  var variables = AgentVariables()
  private(set) var printed: [UInt8] = []
  private(set) var reads = 0

  mutating func register(_ number: UInt16) -> UInt64? { registers[number] }

  mutating func read(_ address: UInt64, width: AccessWidth) -> UInt64? {
    reads += 1
    var value: UInt64 = 0
    for place in (0..<UInt64(width.byteCount)).reversed() {
      guard let byte = memory[address &+ place] else { return nil }
      value = value << 8 | UInt64(byte)
    }
    return value
  }

  mutating func write(_ byte: UInt8) { printed.append(byte) }
  mutating func variable(_ number: UInt16) -> UInt64? { variables.value(number) }
  mutating func setVariable(_ number: UInt16, to value: UInt64) -> Bool { variables.set(number, to: value) }

  var output: String { String(decoding: printed, as: UTF8.self) }

  mutating func store<Value: FixedWidthInteger>(_ value: Value, at address: UInt64) {
    for place in 0..<Value.bitWidth / 8 {
      memory[address &+ UInt64(place)] = UInt8(truncatingIfNeeded: value >> (8 * place))
    }
  }

  mutating func store(_ text: String, at address: UInt64) {
    for (place, byte) in (Array(text.utf8) + [0]).enumerated() { memory[address &+ UInt64(place)] = byte }
  }

  /// Evaluates `bytecode`: its value or its fault.
  mutating func evaluate(_ bytecode: [UInt8]) -> Result<UInt64, AgentFault> {
    do throws(AgentFault) {
      return .success(try evaluateAgentExpression(bytecode.span, in: &self))
    } catch {
      return .failure(error)
    }
  }
}

/// Why a check refuses `bytecode`; nil when it does not.
func refusal(of bytecode: [UInt8]) -> AgentFault? {
  do throws(AgentFault) {
    try checkAgentExpression(bytecode.span)
    return nil
  } catch {
    return error
  }
}

/// The instructions by the names that GDB's disassembly gives them.
enum Op {
  static let float: UInt8 = 0x01
  static let add: UInt8 = 0x02
  static let sub: UInt8 = 0x03
  static let mul: UInt8 = 0x04
  static let divSigned: UInt8 = 0x05
  static let divUnsigned: UInt8 = 0x06
  static let remSigned: UInt8 = 0x07
  static let remUnsigned: UInt8 = 0x08
  static let lsh: UInt8 = 0x09
  static let rshSigned: UInt8 = 0x0a
  static let rshUnsigned: UInt8 = 0x0b
  static let logNot: UInt8 = 0x0e
  static let bitAnd: UInt8 = 0x0f
  static let bitOr: UInt8 = 0x10
  static let bitXor: UInt8 = 0x11
  static let bitNot: UInt8 = 0x12
  static let equal: UInt8 = 0x13
  static let lessSigned: UInt8 = 0x14
  static let lessUnsigned: UInt8 = 0x15
  static let ext: UInt8 = 0x16
  static let ref8: UInt8 = 0x17
  static let ref16: UInt8 = 0x18
  static let ref32: UInt8 = 0x19
  static let ref64: UInt8 = 0x1a
  static let ifGoto: UInt8 = 0x20
  static let goto: UInt8 = 0x21
  static let const8: UInt8 = 0x22
  static let const16: UInt8 = 0x23
  static let const32: UInt8 = 0x24
  static let reg: UInt8 = 0x26
  static let end: UInt8 = 0x27
  static let dup: UInt8 = 0x28
  static let pop: UInt8 = 0x29
  static let zeroExt: UInt8 = 0x2a
  static let swap: UInt8 = 0x2b
  static let getv: UInt8 = 0x2c
  static let setv: UInt8 = 0x2d
  static let pick: UInt8 = 0x32
  static let rot: UInt8 = 0x33
  static let printf: UInt8 = 0x34

  /// `const64 value`.
  static func push(_ value: UInt64) -> [UInt8] {
    [0x25] + (0..<8).reversed().map { UInt8(truncatingIfNeeded: value >> (8 * UInt64($0))) }
  }

  static func push(_ values: [UInt64]) -> [UInt8] { values.flatMap { push($0) } }

  /// What GDB makes of `printf`: the arguments from the last to the first, channel, function, the instruction, `end`.
  static func print(_ format: String, _ arguments: UInt64...) -> [UInt8] {
    let text = Array(format.utf8) + [0]
    let length = UInt16(text.count)
    return push(arguments.reversed()) + [const8, 0, const8, 0]
      + [printf, UInt8(arguments.count), UInt8(length >> 8), UInt8(truncatingIfNeeded: length)] + text + [end]
  }
}

/// Bytes written as pairs of digits, as packets carry them.
func bytes(_ digits: String) -> [UInt8] {
  let digits = Array(digits)
  return stride(from: 0, to: digits.count, by: 2).map { UInt8(String(digits[$0...$0 + 1]), radix: 16) ?? 0 }
}
