import Symbols
import Testing
import X86

/// Instructions from known bytes.
@Suite struct DisassemblerTests {
  private let address = VirtualAddress(0xffff_ffff_8000_0000)

  private func texts(_ bytes: [UInt8], _ syntax: Disassembler.Syntax = .intel) throws -> [String] {
    try Disassembler(syntax: syntax).disassemble(bytes, at: address).map(\.description)
  }

  /// What a kernel is made of, privileged instructions first.
  @Test(
    arguments: [
      ([0x48, 0xcf], "iretq"),
      ([0xcf], "iretd"),
      ([0x48, 0x0f, 0x07], "sysretq"),
      ([0x0f, 0x05], "syscall"),
      ([0xcd, 0x80], "int 0x80"),
      ([0x0f, 0x22, 0xd8], "mov cr3, rax"),
      ([0x0f, 0x01, 0xf8], "swapgs"),
      ([0x0f, 0x01, 0xca], "clac"),
      ([0x0f, 0x01, 0xcb], "stac"),
      ([0x0f, 0x00, 0xd8], "ltr ax"),
      ([0x0f, 0x01, 0x3f], "invlpg byte ptr [rdi]"),
      ([0xf3, 0x0f, 0x1e, 0xfa], "endbr64"),
      ([0x0f, 0x0b], "ud2"),
      ([0x48, 0x89, 0xcf], "mov rdi, rcx"),
      ([0x48, 0x8b, 0x44, 0x24, 0x08], "mov rax, qword ptr [rsp + 8]"),
    ] as [([UInt8], String)])
  func aKnownEncodingIsNamed(_ bytes: [UInt8], _ text: String) throws {
    #expect(try texts(bytes) == [text])
  }

  @Test func attSyntaxIsTheOther() throws {
    #expect(try texts([0x0f, 0x22, 0xd8], .att) == ["movq %rax, %cr3"])
    #expect(try texts([0x48, 0x89, 0xcf], .att) == ["movq %rcx, %rdi"])
  }

  @Test func aSequenceIsDividedAtItsAddresses() throws {
    let found = try Disassembler().disassemble([0x90, 0x48, 0x89, 0xcf, 0xc3], at: address)
    #expect(found.map(\.address) == [address, address + 1, address + 4])
    #expect(found.map(\.bytes) == [[0x90], [0x48, 0x89, 0xcf], [0xc3]])
    #expect(found.map(\.nextAddress) == [address + 1, address + 4, address + 5])
    #expect(found.map(\.mnemonic) == ["nop", "mov", "ret"])
    #expect(found.map(\.operands) == ["", "rdi, rcx", ""])
  }

  /// 06 (PUSH ES) is invalid in 64-bit mode; 48 8B lacks its operand.
  @Test func invalidBytesAreShownOneByOne() throws {
    #expect(try texts([0x06, 0x90, 0x06, 0x06, 0xc3]) == ["(bad)", "nop", "(bad)", "(bad)", "ret"])
    #expect(try texts([0xc3, 0x48, 0x8b]) == ["ret", "(bad)", "(bad)"])
    let bad = try Disassembler().disassemble([0x06], at: address)
    #expect(bad.first?.isValid == false)
    #expect(bad.first?.bytes == [0x06])
    #expect(try texts([]) == [])
  }

  @Test func aLimitStopsEarly() throws {
    let disassembler = try Disassembler()
    let bytes = [UInt8](repeating: 0x90, count: 8)
    #expect(disassembler.disassemble(bytes, at: address, limit: 3).count == 3)
    #expect(disassembler.disassemble(bytes, at: address, limit: 0).isEmpty)
    #expect(disassembler.disassemble(bytes, at: address).count == 8)
  }

  @Test func branchesAndRelativeOperandsSayWhatTheyName() throws {
    func reference(_ bytes: [UInt8]) throws -> VirtualAddress? {
      try Disassembler().disassemble(bytes, at: address).first?.referencedAddress
    }
    #expect(try reference([0xe8, 0x0b, 0x00, 0x00, 0x00]) == address + 16, "call")
    #expect(try reference([0x74, 0xfe]) == address, "je to itself")
    #expect(try reference([0x48, 0x8d, 0x05, 0x01, 0x00, 0x00, 0x00]) == address + 8, "lea rax, [rip + 1]")
    #expect(try reference([0xb8, 0x01, 0x00, 0x00, 0x00]) == nil, "mov eax, 1")
    #expect(try reference([0xff, 0xd0]) == nil, "call rax")
    #expect(try reference([0xcd, 0x80]) == nil, "int 0x80 names a vector")
  }

  /// Every two bytes, followed by zeroes, decode to something whose lengths add up.
  @Test func everyOpcodeIsConsumedWhole() throws {
    let disassembler = try Disassembler()
    for first in UInt8.min...UInt8.max {
      for second in UInt8.min...UInt8.max {
        let bytes = [first, second] + [UInt8](repeating: 0, count: 14)
        let found = disassembler.disassemble(bytes, at: address)
        #expect(found.flatMap(\.bytes) == bytes)
      }
    }
  }
}
