import RemoteProtocol
import Stub

/// What must hold of agent expressions for every input there is: taken as bytecode, and as the tail of a `Z` packet.
///
/// - Returns: the property that `input` breaks, nil when all hold. A trap is the worst of them.
func brokenAgentProperty(of input: [UInt8]) -> String? {
  brokenEvaluation(of: input) ?? brokenTail(input)
}

/// A machine that is the same every time: most registers and most memory are there, with text in it.
private struct Machine: AgentEnvironment {
  var variables = AgentVariables()
  var printed: [UInt8] = []
  var reads = 0

  mutating func register(_ number: UInt16) -> UInt64? {
    number < 200 ? UInt64(number) &* 0x9e37_79b9_7f4a_7c15 : nil
  }

  mutating func read(_ address: UInt64, width: AccessWidth) -> UInt64? {
    reads += 1
    guard address & 0xf00 != 0xf00 else { return nil }
    let text: UInt64 = address & 0xf0 == 0 ? 0x0043_2500_4241_6f6f : address | 0x4141_4141_4141_4141
    return width == .quadWord ? text : text & ((1 << UInt64(width.byteCount * 8)) - 1)
  }

  mutating func write(_ byte: UInt8) { printed.append(byte) }
  mutating func variable(_ number: UInt16) -> UInt64? { variables.value(number) }
  mutating func setVariable(_ number: UInt16, to value: UInt64) -> Bool { variables.set(number, to: value) }
}

/// What one evaluation came to.
private struct Evaluation: Equatable {
  var value: UInt64?
  var fault: AgentFault?
  let printed: [UInt8]
  let reads: Int

  init(_ expression: AgentExpressionSlice, of bytecode: [UInt8]) {
    var machine = Machine()
    do throws(AgentFault) {
      value = try evaluateAgentExpression(expression, of: bytecode.span, in: &machine)
    } catch {
      fault = error
    }
    printed = machine.printed
    reads = machine.reads
  }
}

private func brokenEvaluation(of bytecode: [UInt8]) -> String? {
  guard let whole = AgentExpressionSlice(offset: 0, count: bytecode.count) else { return nil }
  let evaluation = Evaluation(whole, of: bytecode)
  guard evaluation.printed.count <= AgentLimits.output else { return "more is printed than may be" }
  // Every instruction reads once; every byte that is printed is read at most twice, and a string's end with it.
  guard evaluation.reads <= 3 * AgentLimits.steps + 2 * AgentLimits.output + 2 * AgentLimits.string else {
    return "more is read than may be"
  }
  if isSound(whole, of: bytecode) {
    switch evaluation.fault {
    case .truncated, .unknownInstruction, .unsupportedInstruction, .badJump, .format, .tooLong:
      return "what was checked turns out malformed"
    default: break
    }
  }
  // Elsewhere in a larger buffer it is the same expression, and sees nothing of what is around it.
  for filler in [0x27, 0x34, 0xff] as [UInt8] {
    let around = [UInt8](repeating: filler, count: 7)
    guard let moved = AgentExpressionSlice(offset: 7, count: bytecode.count) else { continue }
    let buffer = around + bytecode + around
    guard Evaluation(moved, of: buffer) == evaluation,
      isSound(moved, of: buffer) == isSound(whole, of: bytecode)
    else { return "what is around an expression matters" }
  }
  return nil
}

private func isSound(_ expression: AgentExpressionSlice, of bytecode: [UInt8]) -> Bool {
  do throws(AgentFault) {
    try checkAgentExpression(expression, of: bytecode.span)
    return true
  } catch {
    return false
  }
}

private func brokenTail(_ tail: [UInt8]) -> String? {
  for room in [0, 20, 300] {
    var bytecode = [UInt8](repeating: 0xee, count: room)
    guard let list = read(tail, into: &bytecode) else { continue }
    var end = 0
    for index in 0..<(list.conditionCount + list.commandCount) {
      let slice = list.condition(index) ?? list.command(index - list.conditionCount)
      guard let slice else { return "an expression is missing" }
      guard slice.offset == end, slice.offset + slice.count <= room else {
        return "expressions have no place"
      }
      guard isSound(slice, of: bytecode) else { return "an expression was not checked" }
      end += slice.count
    }
    guard end == list.byteCount, bytecode[end...].allSatisfy({ $0 == 0xee }) else {
      return "the buffer is not what the list says"
    }
    var machine = Machine()
    if list.verdict(of: bytecode.span, in: &machine) == .holds {
      _ = list.runCommands(of: bytecode.span, in: &machine)
    }
  }
  return nil
}

private func read(_ tail: [UInt8], into bytecode: inout [UInt8]) -> AgentExpressionList? {
  var span = bytecode.mutableSpan
  return try? AgentExpressionList(tail.span, from: PacketCursor(), into: &span)
}
