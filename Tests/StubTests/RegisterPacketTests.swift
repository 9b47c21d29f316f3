import RemoteProtocol
import StubSupport
import Testing
import X86

@testable import Stub

@Suite struct RegisterPacketTests {
  private let bench = StubBench.attached()

  /// Values as the fake machine has them: 0x1000 times the thread's number, plus the register's place.
  private func littleEndian(_ value: UInt64, _ byteCount: Int) -> String {
    hexadecimal((0..<byteCount).map { UInt8(truncatingIfNeeded: value >> (8 * UInt64($0))) })
  }

  @Test func generalPacketHoldsEverythingUpToTheMSRs() {
    var expected = (0..<16).map { littleEndian($0 == 7 ? 0x10f000 : 0x1000 + UInt64($0), 8) }.joined()
    expected += littleEndian(0x100000, 8) + littleEndian(0x202, 4)
    expected += (18..<24).map { littleEndian(0x1000 + UInt64($0), 4) }.joined()
    // Eight x87 registers of ten bytes, eight control words of four.
    expected += String(repeating: "x", count: 2 * (80 + 32))
    var place = UInt64(Register.fsBase.rawValue)
    for size in [8, 8, 8, 8, 8, 8, 8, 8, 8, 2, 8, 4, 2, 2, 8, 4, 2, 8, 2, 8, 2] {
      expected += littleEndian(0x1000 + place, size)
      place += 1
    }
    #expect(place == UInt64(Register.star.rawValue))
    #expect(bench.exchange("g") == expected)
  }

  @Test func generalPacketIsShortOnTheWire() {
    for number in 0..<UInt8.max {
      guard let register = Register(rawValue: number) else { continue }
      if bench.machine.registers[1]?[register] != nil { bench.machine[register] = 0 }
    }
    bench.send(ClientFrame.packet("g"))
    bench.drain()
    #expect(bench.wire.fromStub.count < 60)
  }

  @Test func aGeneralPacketWithMoreBehindItIsMalformed() { #expect(bench.exchange("g1") == "E16") }

  @Test(arguments: [
    ("p0", "0010000000000000"), ("p10", "0000100000000000"), ("p11", "02020000"), ("p12", "12100000"),
    ("p18", "xxxxxxxxxxxxxxxxxxxx"), ("p20", "xxxxxxxx"), ("p28", "3910000000000000"),
    ("p2b", "3c10000000000000"),
  ])
  func oneRegister(request: String, value: String) { #expect(bench.exchange(request) == value) }

  @Test func registersOutsideTheGeneralPacketAreReadOneByOne() {
    let table = RegisterTable(.system)
    for register in [Register.star, .lstar, .sfmask, .dr0, .dr7] {
      let number = String(table.number(of: register), radix: 16)
      #expect(
        bench.exchange("p\(number)") == littleEndian(0x1000 + UInt64(register.rawValue), 8), "\(register)")
    }
  }

  @Test(arguments: ["p", "pzz", "p1;", "p-1", "p10000000000000000"])
  func malformedRead(request: String) { #expect(bench.exchange(request) == "E16") }

  /// lldb names the thread behind the packet, and takes `x` for digits.
  @Test func registersOfANamedThread() {
    #expect(bench.exchange("p0;thread:0002;") == "E16")
    #expect(bench.exchange("QThreadSuffixSupported") == "OK")
    #expect(bench.exchange("p0;thread:0002;") == "0020000000000000")
    #expect(bench.exchange("p0;thread:1f;") == "00f0010000000000")
    #expect(bench.exchange("g;thread:0002;").hasPrefix("0020000000000000"))
    #expect(bench.exchange("P0=7700000000000000;thread:0002;") == "OK")
    #expect(bench.exchange("G" + littleEndian(0x55, 8) + littleEndian(0x66, 8) + ";thread:001f;") == "OK")
    #expect(bench.machine.registers[2]?[.rax] == RegisterValue(0x77))
    #expect(bench.machine.registers[0x1f]?[.rax] == RegisterValue(0x55))
    #expect(bench.machine.registers[0x1f]?[.rbx] == RegisterValue(0x66))
    #expect(bench.machine[.rax] == 0x1000)
    // Nothing was selected by that, for registers or for memory.
    #expect(bench.exchange("p0") == littleEndian(0x1000, 8))
    #expect(bench.exchange("qC") == "QC1")
    #expect(bench.exchange("p0;thread:0003;").hasPrefix("E03"))
    #expect(bench.exchange("p18;thread:0001;") == "E16")
    for request in [
      "p0;", "p0;thread", "p0;thread:", "p0;thread:1", "p0;thread:x;", "p0;thread:1;;", "p0;thread:1;1",
      "p0;threads:1;", "P0=7700000000000000;", "g;x", "G;", ";thread:1;",
    ] { #expect(["E16", ""].contains(bench.exchange(request)), "\(request)") }
  }

  @Test func aNumberWithoutARegister() {
    #expect(bench.exchange("p47") == "E.no register has that number")
    #expect(bench.exchange("pffffffffffffffff") == "E.no register has that number")
    #expect(bench.exchange("P47=00") == "E.no register has that number")
  }

  @Test func writeOneRegister() {
    #expect(bench.exchange("P0=efcdab8967452301") == "OK")
    #expect(bench.machine[.rax] == 0x0123_4567_89ab_cdef)
    #expect(bench.exchange("P11=46020000") == "OK")
    #expect(bench.machine[.rflags] == 0x246)
  }

  @Test(arguments: [
    "P0", "P0=", "P0=00", "P0=00000000000000", "P0=0000000000000000ff", "P0=000000000000000g",
  ])
  func malformedWrite(request: String) {
    #expect(bench.exchange(request) == "E16")
    #expect(bench.machine[.rax] == 0x1000)
  }

  @Test func aRefusedWriteSaysWhy() {
    let number = String(RegisterTable(.system).number(of: .cr3), radix: 16)
    #expect(bench.exchange("P\(number)=0000000000000000") == "E.CR3 must not be changed")
    #expect(bench.exchange("P18=00000000000000000000") == "E.not available")
  }

  @Test func writeAllRegisters() {
    let all = bench.exchange("g")
    // What was read can be written back, read-only registers and unavailable ones included.
    #expect(bench.exchange("G\(all)") == "OK")
    let changed = "1122334455667788" + all.dropFirst(16)
    #expect(bench.exchange("G\(changed)") == "OK")
    #expect(bench.machine[.rax] == 0x8877_6655_4433_2211)
    #expect(bench.machine[.rbx] == 0x1001)
  }

  @Test func writeTheFirstRegistersOnly() {
    #expect(bench.exchange("G0100000000000000xxxxxxxxxxxxxxxx0300000000000000") == "OK")
    #expect(bench.machine[.rax] == 1)
    #expect(bench.machine[.rbx] == 0x1001)
    #expect(bench.machine[.rcx] == 3)
  }

  @Test(arguments: ["G0", "G01000000000000000", "Gzz", "Gxxxxxxxxxxxxxxx0"])
  func malformedWriteOfAll(request: String) { #expect(bench.exchange(request) == "E16") }

  @Test func moreThanAllRegistersAreMalformed() {
    #expect(bench.exchange("G" + bench.exchange("g") + "00") == "E16")
  }

  @Test func theSelectedThreadsRegisters() {
    #expect(bench.exchange("Hg2") == "OK")
    #expect(bench.exchange("p0") == "0020000000000000")
    #expect(bench.exchange("P0=0100000000000000") == "OK")
    #expect(bench.machine.registers[2]?[.rax] == RegisterValue(1))
    #expect(bench.machine[.rax] == 0x1000)
  }
}
