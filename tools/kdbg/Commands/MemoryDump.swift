import Inspect
import Render
import Symbols
import X86

/// What `x` and `xp` answer: units of memory in gdb's layout.
struct MemoryDump: Answer {
  enum Space: Sendable { case linear, physical }

  let space: Space
  let start: UInt64
  let examination: Examination
  let bytes: [UInt8]

  private var width: Int { examination.width.bytes }

  /// The value of the unit at `offset`, little-endian.
  private func value(_ offset: Int) -> UInt64 {
    var value: UInt64 = 0
    for index in (0..<width).reversed() { value = value << 8 | UInt64(bytes[offset + index]) }
    return value
  }

  private func label(_ offset: Int, _ page: TextPage, _ names: any NameSource) -> String {
    let address = start &+ UInt64(offset)
    let name = space == .linear ? names.name(of: VirtualAddress(address)) : nil
    return address.hexadecimal + (name.map { " " + page.paint("<\($0.text)>", .symbol) } ?? "") + ":"
  }

  func write(to page: inout TextPage, names: any NameSource) {
    let units = bytes.count / width
    let perLine = examination.style == .address ? 1 : examination.width.perLine
    for first in stride(from: 0, to: units, by: perLine) {
      let cells = (first..<min(first + perLine, units)).map { text(value($0 * width), names) }
      page.line(([label(first * width, page, names)] + cells).joined(separator: "\t"))
    }
  }

  private func text(_ value: UInt64, _ names: any NameSource) -> String {
    let bits = width * 8
    switch examination.style {
    case .hexadecimal: return value.hexadecimal(digits: width * 2)
    case .unsigned: return String(value)
    case .signed: return String(signExtended(value, bits))
    case .octal: return value == 0 ? "0" : "0" + String(value, radix: 8)
    case .binary:
      let digits = String(value, radix: 2)
      return String(repeating: "0", count: bits - digits.count) + digits
    case .address:
      let name = names.name(of: VirtualAddress(value))
      return value.hexadecimal + (name.map { " <\($0.text)>" } ?? "")
    case .character:
      return "\(signExtended(value, bits)) '\(Self.printable(UInt8(truncatingIfNeeded: value)))'"
    case .string, .instruction: return ""
    }
  }

  private func signExtended(_ value: UInt64, _ bits: Int) -> Int64 {
    Int64(bitPattern: value << UInt64(64 - bits)) >> Int64(64 - bits)
  }

  /// The character of an ASCII byte, an octal escape for every other, as gdb prints it.
  static func printable(_ byte: UInt8) -> String {
    switch byte {
    case 0x5c, 0x22, 0x27: "\\" + String(UnicodeScalar(byte))
    case 0x20...0x7e: String(UnicodeScalar(byte))
    case 0x0a: "\\n"
    case 0x0d: "\\r"
    case 0x09: "\\t"
    default: "\\" + String(repeating: "0", count: 3 - String(byte, radix: 8).count) + String(byte, radix: 8)
    }
  }

  func members(names: any NameSource) -> [String: JSONValue] {
    [
      "space": space == .linear ? "linear" : "physical",
      "address": .hexadecimal(start),
      "unitBytes": .number(width),
      "values": .array((0..<bytes.count / width).map { .hexadecimal(value($0 * width)) }),
    ]
  }
}

/// What `x/s` answers.
struct StringDump: Answer {
  struct Piece: Sendable {
    let address: UInt64
    let bytes: [UInt8]
    /// False where the text goes on behind what was read.
    let isWhole: Bool
  }

  let pieces: [Piece]

  func write(to page: inout TextPage, names: any NameSource) {
    for piece in pieces {
      let text = piece.bytes.map(MemoryDump.printable).joined()
      page.line("\(piece.address.hexadecimal):\t\"\(text)\"" + (piece.isWhole ? "" : "..."))
    }
  }

  func members(names: any NameSource) -> [String: JSONValue] {
    [
      "strings": .array(
        pieces.map {
          [
            "address": .hexadecimal($0.address), "text": .string(String(decoding: $0.bytes, as: UTF8.self)),
            "whole": .bool($0.isWhole),
          ]
        })
    ]
  }
}

/// What `x/i` answers.
struct InstructionDump: Answer {
  let instructions: [Instruction]
  /// RIP, which is marked.
  let current: UInt64?

  func write(to page: inout TextPage, names: any NameSource) {
    for instruction in instructions {
      let mark = instruction.address.rawValue == current ? "=> " : "   "
      page.line(mark + Self.text(instruction, page, names))
    }
  }

  /// `0xffffffff80001000 <start+4>:\tmov rax, rbx`.
  ///
  /// `code` is what stands before the mnemonic.
  static func text(
    _ instruction: Instruction, _ page: TextPage, _ names: any NameSource, code: String? = nil
  ) -> String {
    let name = names.name(of: instruction.address)
    let target = instruction.referencedAddress.flatMap(names.name(of:))
    return instruction.address.rawValue.hexadecimal
      + (name.map { " " + page.paint("<\($0.text)>", .symbol) } ?? "") + ":\t"
      + (code.map { $0 + "\t" } ?? "") + instruction.description
      + (target.map { "  " + page.paint("# \($0.text)", .symbol) } ?? "")
  }

  func members(names: any NameSource) -> [String: JSONValue] {
    ["instructions": .array(instructions.map { Self.json($0, names) })]
  }

  static func json(_ instruction: Instruction, _ names: any NameSource) -> JSONValue {
    [
      "address": .hexadecimal(instruction.address.rawValue),
      "symbol": .optional(names.name(of: instruction.address)) { .string($0.text) },
      "bytes": .string(
        instruction.bytes.map { String(UInt64($0).hexadecimal(digits: 2).dropFirst(2)) }.joined()),
      "text": .string(instruction.description),
    ]
  }
}
