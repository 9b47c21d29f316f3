import Testing
import X86

@testable import Session

/// Physical memory of a stub on a line: as few requests as there can be.
@Suite struct LinePageTests {
  private static let end: UInt64 = 0x2000

  /// A stub with 8 KiB of memory, in which every byte is the lowest six bits of the number of its piece of 64.
  private func stub(features: String, mostPerReply: Int) throws -> FakeStub {
    try FakeStub { request, _ in
      if request.hasPrefix("qSupported") {
        return .reply("PacketSize=1000;QStartNoAckMode+;qXfer:features:read+" + features)
      }
      switch request {
      case "QStartNoAckMode", "Qqemu.PhyMemMode:0", "Qqemu.PhyMemMode:1": return .reply("OK")
      case "qqemu.PhyMemMode": return .reply("0")
      default: break
      }
      guard let letter = request.first, "mx".contains(letter) else { return FakeMachine.answer(request) }
      let numbers = request.dropFirst().split(separator: ",").compactMap { UInt64($0, radix: 16) }
      guard numbers.count == 2, numbers[0] < Self.end else { return .reply("E0e") }
      let count = min(Int(min(numbers[1], Self.end - numbers[0])), mostPerReply)
      let bytes = (0..<count).map { UInt8(truncatingIfNeeded: (numbers[0] + UInt64($0)) >> 6) & 0x3f }
      return .reply(
        letter == "x"
          ? "b" + String(decoding: bytes, as: UTF8.self)
          : bytes.map { FakeMachine.littleEndian(UInt64($0), 1) }.joined())
    }
  }

  private func target(_ stub: FakeStub) throws(SessionError) -> Target {
    try Target.attach(stub.endpoint, replyLimit: .seconds(60))
  }

  private func expected(_ address: UInt64, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: (address + UInt64($0)) >> 6) & 0x3f }
  }

  @Test func whatLiesTogetherIsReadTogether() throws {
    let stub = try stub(features: ";binary-upload+", mostPerReply: 4000)
    let target = try target(stub)
    let bytes = try target.readPhysical(PhysicalAddress(truncating: 0x120), byteCount: 0x1800)
    #expect(bytes == expected(0x120, 0x1800))
    // What one reply cut short, the next one goes on with, in the middle of a piece.
    #expect(
      stub.requests.suffix(4) == [
        "Qqemu.PhyMemMode:1", "x100,1000", "x10a0,8a0", "Qqemu.PhyMemMode:0",
      ])
  }

  @Test func aStubWithoutBinaryReadsIsAskedForDigits() throws {
    let stub = try stub(features: "", mostPerReply: 4096)
    let target = try target(stub)
    let bytes = try target.readPhysical(PhysicalAddress(truncating: 0), byteCount: 0xa00)
    #expect(bytes == expected(0, 0xa00))
    #expect(
      stub.requests.suffix(4) == ["Qqemu.PhyMemMode:1", "m0,800", "m800,200", "Qqemu.PhyMemMode:0"])
  }

  @Test func memoryEndsWhereTheStubSaysSo() throws {
    let stub = try stub(features: ";binary-upload+", mostPerReply: 4096)
    let target = try target(stub)
    let start = PhysicalAddress(truncating: Self.end - 0x80)
    #expect(throws: SessionError.outsideMemory(start)) { try target.readPhysical(start, byteCount: 0x100) }
    #expect(stub.requests.last == "Qqemu.PhyMemMode:0", "the mode outlives the reads")
    #expect(try target.readPhysical(start, byteCount: 0x80) == expected(Self.end - 0x80, 0x80))
  }
}
