import StubSupport
import Testing

@testable import Stub

@Suite struct MemoryPacketTests {
  private let bench = StubBench.attached()

  private func fill(_ count: Int, at address: UInt64 = 0x100000) -> [UInt8] {
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 ^ $0 >> 8) }
    bench.machine.write(bytes, at: address)
    return bytes
  }

  @Test(arguments: [1, 2, 3, 7, 255, 256, 257, 1023, 1024, 1025, 2047, 2048])
  func read(count: Int) {
    let bytes = fill(count)
    #expect(bench.exchange("m100000,\(String(count, radix: 16))") == hexadecimal(bytes))
  }

  /// A frame holds 4,096 digits; who asks for more asks again for the rest.
  @Test func aReadThatDoesNotFitIsShort() {
    let bytes = fill(4096)
    #expect(bench.exchange("m100000,801") == hexadecimal(Array(bytes.prefix(2048))))
    #expect(bench.exchange("m100000,ffffffffffffffff") == hexadecimal(Array(bytes.prefix(2048))))
  }

  @Test func nothingReadIsTheEmptyPacket() { #expect(bench.exchange("m100000,0") == "") }

  @Test func readUpToTheEndOfMemory() {
    bench.machine.write([1, 2, 3], at: 0x10fffd)
    #expect(bench.exchange("m10fffd,10") == "010203")
  }

  @Test func unmappedMemory() {
    #expect(bench.exchange("m110000,10") == "E0e")
    #expect(bench.exchange("mfffffffffffffffc,10") == "E0e")
    #expect(bench.exchange("mdeadbeef,1") == "E0e")
  }

  @Test func unmappedMemoryInWords() {
    let bench = StubBench.attached(features: "error-message+")
    #expect(bench.exchange("m110000,10") == "E.nothing is mapped at 0x110000")
    #expect(bench.exchange("mffffffffffffff00,3") == "E.nothing is mapped at 0xffffffffffffff00")
    // The first address of a write that could not be reached, not the first one asked for.
    #expect(bench.exchange("M10fffe,3:010203") == "E.nothing is mapped at 0x110000")
  }

  @Test(arguments: [
    "m", "m1", "m1,", "m,1", "mx,1", "m1,1,1", "m1;1", "m10000000000000000,1", "M100000,1", "M100000,1:",
    "M100000,1:0", "M100000,1:0011", "M100000,2:00", "M100000,2:000", "M100000,2:00zz", "M,1:00", "M1:00",
  ])
  func malformed(request: String) {
    let before = bench.machine.memory
    #expect(bench.exchange(request) == "E16")
    #expect(bench.machine.memory == before)
  }

  @Test(arguments: [1, 2, 3, 8, 1023, 1024, 1025, 2030])
  func write(count: Int) {
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 91 &+ 5) }
    #expect(bench.exchange("M100010,\(String(count, radix: 16)):\(hexadecimal(bytes))") == "OK")
    #expect(Array(bench.machine.memory[0x10010..<0x10010 + count]) == bytes)
    #expect(bench.machine.memory[0x1000f] == 0x90)
    #expect(bench.machine.memory[0x10010 + count] == 0x90)
  }

  @Test func writeNothing() { #expect(bench.exchange("M100000,0:") == "OK") }

  @Test func unmappedWrite() { #expect(bench.exchange("M110000,2:0000") == "E0e") }

  /// Device registers want one access of the right width.
  @Test func alignedRequestsOfOneTwoFourEightBytesAreOneAccess() {
    for (count, width) in [(1, 1), (2, 2), (4, 4), (8, 8)] {
      bench.machine.exactAccesses.removeAll()
      _ = bench.exchange("m100008,\(count)")
      #expect(bench.exchange("M100008,\(count):" + String(repeating: "5a", count: count)) == "OK")
      #expect(bench.machine.exactAccesses.map(\.width) == [width, width])
      #expect(bench.machine.exactAccesses.map(\.address) == [0x100008, 0x100008])
    }
    bench.machine.exactAccesses.removeAll()
    _ = bench.exchange("m100009,2")
    _ = bench.exchange("m100008,3")
    _ = bench.exchange("m100004,8")
    #expect(bench.machine.exactAccesses.isEmpty)
  }

  @Test func anExactAccessKeepsTheOrderOfBytes() {
    bench.machine.write([1, 2, 3, 4, 5, 6, 7, 8], at: 0x100008)
    #expect(bench.exchange("m100008,8") == "0102030405060708")
    #expect(bench.exchange("M100008,4:a0b0c0d0") == "OK")
    #expect(bench.exchange("m100008,4") == "a0b0c0d0")
    #expect(bench.exchange("m7f1000,4") == "E0e")
  }

  @Test func eachThreadHasItsOwnPage() {
    bench.machine.memory[0x1000] = 0x11
    bench.machine.memory[0x2000] = 0x22
    #expect(bench.exchange("m7f0000,1") == "11")
    #expect(bench.exchange("Hg2") == "OK")
    #expect(bench.exchange("m7f0000,1") == "22")
    #expect(bench.exchange("Hg0") == "OK")
    #expect(bench.exchange("m7f0000,1") == "11")
  }
}

@Suite struct BinaryMemoryTests {
  private let bench = StubBench.attached()
  /// Every byte there is, those that need an escape included.
  private let everyByte = (0...UInt8.max).map { $0 }

  @Test func readIsMarked() {
    bench.machine.write(everyByte, at: 0x100000)
    #expect(bench.exchangeBytes("x100000,100") == [UInt8(ascii: "b")] + everyByte)
    #expect(bench.exchangeBytes("x100001,1") == [UInt8(ascii: "b"), 1])
    #expect(bench.exchangeBytes("x100001,0") == [UInt8(ascii: "b")])
  }

  /// lldb before 20 asks so, and then expects the bytes alone.
  @Test func theDialectOfLLDB() {
    #expect(bench.exchange("x0,0") == "OK")
    bench.machine.write(everyByte, at: 0x100000)
    #expect(bench.exchangeBytes("x100000,100") == everyByte)
  }

  @Test func aLargeReadIsCutWhereTheFrameEnds() {
    #expect(bench.exchangeBytes("x100000,2000").count == 4096)
    bench.machine.write([UInt8](repeating: UInt8(ascii: "$"), count: 4096), at: 0x100000)
    // Each of these takes two bytes of the frame.
    #expect(bench.exchangeBytes("x100000,1000").count == 1 + 2047)
  }

  @Test func readErrors() {
    #expect(bench.exchange("x110000,10") == "E0e")
    #expect(bench.exchange("x1") == "E16")
    #expect(bench.exchange("x1,1,") == "E16")
    #expect(bench.exchangeBytes("x10fffe,10").count == 1 + 2)
  }

  @Test func write() {
    #expect(bench.exchange(Array("X100000,100:".utf8) + everyByte) == "OK")
    #expect(Array(bench.machine.memory[0x10000..<0x10100]) == everyByte)
    #expect(bench.exchange("X100000,0:") == "OK")
  }

  @Test func writeOfTheLargestSize() {
    let bytes = (0..<4000).map { UInt8(truncatingIfNeeded: $0 % 7 &+ 1) }
    #expect(bench.exchange(Array("X100000,fa0:".utf8) + bytes) == "OK")
    #expect(Array(bench.machine.memory[0x10000..<0x10000 + 4000]) == bytes)
  }

  @Test(arguments: ["X100000,2:a", "X100000,1:ab", "X100000,1", "X100000:a", "X,1:a", "X100000,1;a"])
  func malformedWrite(request: String) {
    #expect(bench.exchange(request) == "E16")
    #expect(bench.machine.memory[0x10000] == 0x90)
  }

  @Test func writeErrors() {
    #expect(bench.exchange("X110000,1:a") == "E0e")
    #expect(bench.exchange("X10ffff,3:abc") == "E0e")
  }

  @Test func aWriteOfAnAlignedWordIsOneAccess() {
    #expect(bench.exchange("X100010,4:abcd") == "OK")
    #expect(bench.machine.exactAccesses.map(\.width) == [4])
    #expect(Array(bench.machine.memory[0x10010..<0x10014]) == Array("abcd".utf8))
  }
}
