import Foundation
import Stub
import Testing

/// Bytecode that nobody would write. A trap ends the whole test run.
@Suite struct AgentExpressionRandomTests {
  /// A machine in which most of everything is there.
  private struct Generous: AgentEnvironment {
    var variables = AgentVariables()
    var printed = 0
    mutating func register(_ number: UInt16) -> UInt64? {
      number < 200 ? UInt64(number) &* 0x1234_5678_9abc : nil
    }
    mutating func read(_ address: UInt64, width: AccessWidth) -> UInt64? {
      address % 16 == 15 ? nil : (address &* 0x9e37_79b9_7f4a_7c15) >> (64 - UInt64(width.byteCount) * 8)
    }
    mutating func write(_ byte: UInt8) { printed += 1 }
    mutating func variable(_ number: UInt16) -> UInt64? { variables.value(number) }
    mutating func setVariable(_ number: UInt16, to value: UInt64) -> Bool { variables.set(number, to: value) }
  }

  /// Minutes' worth of them under `make test-long`.
  private static let programCount =
    ProcessInfo.processInfo.environment["RINGSIDE_LONG_TESTS"] == nil ? 5_000 : 200_000

  /// A sequence that is the same in every run.
  private struct Sequence {
    var state: UInt64
    mutating func next(below bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
  }

  private static let formats = [
    "%d", "%s|", "%-5x", "%#o", "%p", "%c", "%%", "%20s", "\\n", "%hd", "%.9lu", "%9999d",
  ]

  /// Mostly instructions that exist; otherwise bytes.
  private static func program(_ sequence: inout Sequence) -> [UInt8] {
    // Something to work on, most of the time.
    var program = Op.push([UInt64](repeating: 0x1230, count: sequence.next(below: 4)))
    for _ in 0..<sequence.next(below: 40) {
      switch sequence.next(below: 12) {
      case 0: program.append(UInt8(sequence.next(below: 256)))
      case 1: program += [Op.const8, UInt8(sequence.next(below: 256))]
      case 2: program += Op.push(1 << UInt64(sequence.next(below: 64)))
      case 3: program += Op.push(UInt64.max)
      case 4:
        program += [[Op.goto, Op.ifGoto][sequence.next(below: 2)], 0, UInt8(sequence.next(below: 120))]
      case 5: program += Op.print(formats[sequence.next(below: formats.count)], 7).dropLast()
      case 6:
        program += [Op.getv, 0, UInt8(sequence.next(below: 40)), Op.setv, 0, UInt8(sequence.next(below: 40))]
      default: program.append(UInt8(1 + sequence.next(below: 0x34)))
      }
    }
    return sequence.next(below: 4) == 0 ? program : program + [Op.end]
  }

  @Test func everyProgramEnds() {
    var sequence = Sequence(state: 2026)
    var values = 0
    var faults: [String: Int] = [:]
    for _ in 0..<Self.programCount {
      let program = Self.program(&sequence)
      var machine = Generous()
      do throws(AgentFault) {
        _ = try evaluateAgentExpression(program.span, in: &machine)
        values += 1
      } catch {
        let name = "\(error)".prefix { $0 != "(" }
        faults[String(name), default: 0] += 1
      }
      if machine.printed > AgentLimits.output {
        Issue.record("\(machine.printed) bytes printed by \(program)")
      }
      checkAgain(program)
    }
    // The programs are worth something: many come to a value, and every fault of an evaluation is among the rest.
    #expect(values > Self.programCount / 20, "\(values)")
    let names = [
      "truncated", "unknownInstruction", "unsupportedInstruction", "badJump", "stackOverflow",
      "stackUnderflow",
      "divisionByZero", "tooManySteps", "memory", "register", "variable", "format", "tooMuchOutput",
    ]
    for name in names { #expect(faults[name, default: 0] > 0, "\(name): \(faults)") }
  }

  /// What the check lets pass never turns out malformed.
  private func checkAgain(_ program: [UInt8]) {
    guard refusal(of: program) == nil else { return }
    var machine = Generous()
    do throws(AgentFault) {
      _ = try evaluateAgentExpression(program.span, in: &machine)
    } catch {
      switch error {
      case .truncated, .unknownInstruction, .unsupportedInstruction, .badJump, .format, .tooLong:
        Issue.record("\(error) in \(program), which was checked")
      default: break
      }
    }
  }
}
