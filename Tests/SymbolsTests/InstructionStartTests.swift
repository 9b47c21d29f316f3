import Symbols
import Testing

/// Whether an instruction begins somewhere in code that nobody has named.
@Suite struct InstructionStartTests {
  /// A piece of an entry's way out: pop of all registers, then IRETQ.
  private static let wayOut: [UInt8] = [
    0x41, 0x5f, 0x41, 0x5e, 0x41, 0x5d, 0x41, 0x5c, 0x5d, 0x5b, 0x41, 0x5b, 0x41, 0x5a, 0x41, 0x59, 0x41,
    0x58, 0x58, 0x59, 0x5a, 0x5e, 0x5f, 0x48, 0x83, 0xc4, 0x08, 0x48, 0xcf,
  ]

  @Test func behindOtherInstructions() throws {
    let starts = try InstructionStarts()
    #expect(starts.certainty(of: 27, in: Self.wayOut[...]) == .sure)
    #expect(starts.certainty(of: 0, in: Self.wayOut[...]) == .plausible, "nothing tells")
  }

  /// MOV to RAX of a constant that holds 48 CF, between other instructions.
  @Test func insideAnother() throws {
    let code = Self.wayOut.dropLast(2) + [0x48, 0xb8, 1, 2, 3, 0x48, 0xcf, 4, 5, 6]
    let bytes = Array(code)
    #expect(try InstructionStarts().certainty(of: 27 + 5, in: bytes[...]) == .unlikely)
  }

  /// Bytes without a meaning in 64-bit mode stand before it.
  @Test func inData() throws {
    let data: [UInt8] = Array(repeating: [0x06, 0x90, 0x0e, 0x90], count: 8).flatMap { $0 } + [0x48, 0xcf]
    #expect(try InstructionStarts().certainty(of: data.count - 2, in: data[...]) == .unlikely)
  }
}
