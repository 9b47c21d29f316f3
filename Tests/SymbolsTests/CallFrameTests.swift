import Testing
import X86

@testable import Symbols

/// Callers by call-frame information.
@Suite struct CallFrameTests {
  private static let source = """
      .text
      .globl start
      .type start, @function
    start:
      .cfi_startproc
      push %rbp
      .cfi_def_cfa_offset 16
      .cfi_offset %rbp, -16
      mov %rsp, %rbp
      .cfi_def_cfa_register %rbp
      call start
      leave
      .cfi_def_cfa %rsp, 8
      ret
      .cfi_endproc
      .size start, . - start
      .globl trap
      .type trap, @function
    trap:
      .cfi_startproc
      .cfi_signal_frame
      .cfi_def_cfa %rsp, 40
      .cfi_offset %rip, -40
      .cfi_offset 51, -32
      .cfi_offset %rsp, -16
      push %rax
      .cfi_def_cfa_offset 48
      .cfi_offset %rax, -48
      nop
      .cfi_endproc
      .size trap, . - trap
      .globl enter
      .type enter, @function
    enter:
      .cfi_startproc simple
      .cfi_def_cfa %rsp, 0
      .cfi_register %rip, %rcx
      .cfi_val_offset %rsp, 0
      nop
      .cfi_endproc
      .size enter, . - enter
      .globl first
      .type first, @function
    first:
      .cfi_startproc
      .cfi_undefined %rip
      nop
      .cfi_endproc
      .size first, . - first
      .globl computed
      .type computed, @function
    computed:
      .cfi_startproc
      /* breg7 8, breg16 0, lit15, and, lit11, ge, lit3, shl, plus: as in a procedure linkage table */
      .cfi_escape 0x0f, 11, 0x77, 8, 0x80, 0, 0x3f, 0x1a, 0x3b, 0x2a, 0x33, 0x24, 0x22
      .balign 16
      .skip 16, 0x90
      .cfi_endproc
      .size computed, . - computed
      .globl bare
      .type bare, @function
    bare:
      ret
      .size bare, . - bare
    """

  private static func image(_ section: String) throws -> (Fixture, ELFImage) {
    let fixture = try Fixture("  .cfi_sections \(section)\n" + source)
    return (fixture, try fixture.image())
  }

  /// A stack at 0x1000 whose words are their addresses plus one.
  private static func registers(_ rip: VirtualAddress) -> FrameRegisters {
    var registers = FrameRegisters()
    registers.rip = rip.rawValue
    registers.rsp = 0x1000
    registers.rbp = 0x1080
    registers[0] = 7
    registers[2] = 0x4001
    registers.cs = 8
    return registers
  }

  private static func caller(
    _ image: ELFImage, _ address: VirtualAddress, read: (VirtualAddress) -> UInt64? = { $0.rawValue + 1 }
  ) throws(UnwindFailure) -> UnwoundFrame {
    try image.caller(at: address, registers(address), read: read)
  }

  @Test(arguments: [".debug_frame", ".eh_frame"]) func everyInstructionOfAFunction(_ section: String) throws {
    let (fixture, image) = try Self.image(section)
    defer { withExtendedLifetime(fixture) {} }
    let start = try #require(image.address(of: "start"))
    // At the push, the return address is on top; the caller's RSP is above it.
    var caller = try Self.caller(image, start)
    #expect(caller.registers.rip == 0x1001)
    #expect(caller.registers.rsp == 0x1008)
    #expect(caller.registers.rbp == 0x1080)
    #expect(caller.registers.cs == 8)
    #expect(!caller.isInterrupted)
    // Behind the push RBP is on the stack.
    caller = try Self.caller(image, start + 1)
    #expect(caller.registers.rip == 0x1009)
    #expect(caller.registers.rbp == 0x1001)
    // In the body RBP leads.
    caller = try Self.caller(image, start + 4)
    #expect(caller.frameAddress == 0x1090)
    #expect(caller.registers.rip == 0x1089)
    #expect(caller.registers.rbp == 0x1081)
    #expect(caller.registers[0] == nil, "what a call may change is not known")
    #expect(throws: UnwindFailure.noInformation) {
      try Self.caller(image, try #require(image.address(of: "bare")))
    }
  }

  @Test(arguments: [".debug_frame", ".eh_frame"]) func whatWasInterrupted(_ section: String) throws {
    let (fixture, image) = try Self.image(section)
    defer { withExtendedLifetime(fixture) {} }
    try Self.expectInterruption(image)
  }

  /// LLVM's assembler does not mark signal frames in .debug_frame.
  @Test func whatWasInterruptedWithoutAMark() throws {
    let (fixture, _) = try Self.image(".debug_frame")
    try fixture.run("clang", ["-c", "-g", "-o", "source.o", "source.S"])
    try fixture.run("gcc", Fixture.kernelArguments + ["-o", "program", "source.o"])
    try Self.expectInterruption(try fixture.image())
  }

  private static func expectInterruption(_ image: ELFImage) throws {
    let trap = try #require(image.address(of: "trap"))
    let caller = try Self.caller(image, trap + 1)
    #expect(caller.isInterrupted)
    #expect(caller.frameAddress == 0x1030)
    #expect(caller.registers.rip == 0x1009)
    #expect(caller.registers.cs == 0x1011)
    #expect(caller.registers.rsp == 0x1021)
    #expect(caller.registers[0] == 0x1001)
    let call = try Self.caller(image, try #require(image.address(of: "enter")))
    #expect(call.isInterrupted)
    #expect(call.registers.rip == 0x4001)
    #expect(call.registers.rsp == 0x1000)
    #expect(call.registers.cs == nil, "syscall leaves CS nowhere")
  }

  @Test func theOutermostFrame() throws {
    let (fixture, image) = try Self.image(".debug_frame")
    defer { withExtendedLifetime(fixture) {} }
    let first = try #require(image.address(of: "first"))
    #expect(throws: UnwindFailure.outermost) { try Self.caller(image, first) }
  }

  @Test func aComputedFrameAddress() throws {
    let (fixture, image) = try Self.image(".eh_frame")
    defer { withExtendedLifetime(fixture) {} }
    let computed = try #require(image.address(of: "computed"))
    let aligned = VirtualAddress((computed.rawValue + 15) & ~15)
    #expect(try Self.caller(image, aligned + 10).frameAddress == 0x1008)
    #expect(try Self.caller(image, aligned + 11).frameAddress == 0x1010)
  }

  @Test func whatCannotBeReadIsNamed() throws {
    let (fixture, image) = try Self.image(".debug_frame")
    defer { withExtendedLifetime(fixture) {} }
    let start = try #require(image.address(of: "start"))
    #expect(throws: UnwindFailure.unreadable(VirtualAddress(0x1000))) {
      try Self.caller(image, start) { _ in nil }
    }
    // RBP's slot alone is missing: the caller is known without it.
    let caller = try Self.caller(image, start + 1) { $0.rawValue == 0x1000 ? nil : 5 }
    #expect(caller.registers.rip == 5)
    #expect(caller.registers.rbp == nil)
    var registers = Self.registers(start + 4)
    registers.rbp = nil
    #expect(throws: UnwindFailure.unknownRegister(6)) {
      try image.caller(at: start + 4, registers) { _ in 0 }
    }
  }

  /// Every byte of the table wrong in turn: an answer or a refusal, never a crash.
  @Test(arguments: [".debug_frame", ".eh_frame"]) func damagedTables(_ section: String) throws {
    let (fixture, image) = try Self.image(section)
    let places = ["start", "trap", "enter", "computed"].compactMap { image.address(of: $0) }
    let whole = try fixture.programBytes()
    let offset = try #require(try fixture.sectionOffset(section))
    var refusals = 0
    for place in offset.indices {
      for value in [UInt8(0xff), 0x0f, whole[place] ^ 0x40] {
        var bytes = whole
        bytes[place] = value
        guard let damaged = try? ELFImage(path: try fixture.write("damaged", bytes)) else { continue }
        for address in places {
          do { _ = try Self.caller(damaged, address + 1) } catch { refusals += 1 }
        }
      }
    }
    #expect(refusals > 0)
  }
}

extension Fixture {
  /// Where a section's bytes lie in the program's file.
  func sectionOffset(_ name: String) throws -> Range<Int>? {
    try run(
      "sh", ["-c", "readelf -SW program | tr -d '[]' | awk '$2 == \"\(name)\" {print $5, $6}' > section"])
    let text = try String(contentsOf: directory.appending(path: "section"), encoding: .utf8)
    let numbers = text.split(whereSeparator: \.isWhitespace).compactMap { Int($0, radix: 16) }
    return numbers.count == 2 ? numbers[0]..<numbers[0] + numbers[1] : nil
  }
}
