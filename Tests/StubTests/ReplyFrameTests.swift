import RemoteProtocol
import StubSupport
import Testing

@testable import Stub

/// The frame of a reply: runs, escapes, and what does not fit.
@Suite struct ReplyFrameTests {
  private func wire(_ fill: (inout ReplyFrame) -> Void) -> [UInt8] {
    var frame = ReplyFrame()
    frame.begin()
    fill(&frame)
    frame.end()
    return (0..<frame.count).map { frame.bytes[$0] }
  }

  private func payload(_ wire: [UInt8]) -> [UInt8] {
    var reader = AnswerReader()
    guard case .packet(let bytes) = reader.read(wire).first else { return Array("damaged".utf8) }
    return bytes
  }

  @Test func short() {
    #expect(String(decoding: wire { $0.text("OK") }, as: UTF8.self) == "$OK#9a")
    #expect(String(decoding: wire { _ in }, as: UTF8.self) == "$#00")
  }

  /// A run of every length comes out as it went in, and its counts look like nothing else.
  @Test(arguments: 0...300)
  func runs(length: Int) {
    let wire = wire { frame in
      frame.raw(UInt8(ascii: "a"))
      for _ in 0..<length { frame.raw(UInt8(ascii: "0")) }
      frame.raw(UInt8(ascii: "b"))
    }
    #expect(payload(wire) == Array("a\(String(repeating: "0", count: length))b".utf8))
    var position = 1
    while wire[position] != UInt8(ascii: "#") {
      guard wire[position] == UInt8(ascii: "*") else {
        position += 1
        continue
      }
      #expect(wire[position + 1] >= 32 && wire[position + 1] <= 126)
      #expect(!"#$+-*}".utf8.contains(wire[position + 1]))
      position += 2
    }
    if length > 8 { #expect(wire.count < length + 6) }
    #expect(wire.count <= length + 6)
  }

  @Test func everyByteSurvives() {
    for first in UInt8.min...UInt8.max {
      let bytes = [first, first, first, first, first, first ^ 0x20, first, first]
      #expect(payload(wire { frame in for byte in bytes { frame.escaped(byte) } }) == bytes)
    }
  }

  /// Neither half of an escaped byte is repeated by a count.
  @Test func runsOfEscapedBytes() {
    for byte in "#$}*".utf8 {
      for length in 1...100 {
        let bytes =
          [UInt8](repeating: byte, count: length) + [byte ^ 0x20, byte ^ 0x20, byte ^ 0x20, byte ^ 0x20]
        #expect(payload(wire { frame in for byte in bytes { frame.escaped(byte) } }) == bytes)
      }
    }
  }

  @Test func randomPayloads() {
    var random = Random(1)
    for _ in 0..<500 {
      var bytes: [UInt8] = []
      while bytes.count < 500 {
        let byte =
          random.next() % 3 == 0
          ? Array("#$}*+-%0x".utf8)[Int(random.next() % 9)] : UInt8(random.next() % 256)
        bytes += [UInt8](repeating: byte, count: Int(random.next() % 40))
      }
      #expect(payload(wire { frame in for byte in bytes { frame.escaped(byte) } }) == bytes)
    }
  }

  @Test func whatDoesNotFitIsCut() {
    var frame = ReplyFrame()
    frame.begin()
    for _ in 0..<4096 { frame.raw(UInt8(ascii: "a")) }
    let wasCut = frame.isCut
    frame.raw(UInt8(ascii: "b"))
    let isCut = frame.isCut
    #expect(!wasCut && isCut)
    frame.end()
    #expect(payload((0..<frame.count).map { frame.bytes[$0] }).count == 4096)
  }

  /// Bytes without a run fill the frame to its last place.
  @Test func aFullFrameWithoutRuns() {
    let bytes = (0..<4096).map { UInt8(ascii: "0") + UInt8($0 % 2) }
    let wire = wire { frame in for byte in bytes { frame.raw(byte) } }
    #expect(wire.count == ReplyFrame.frameCapacity)
    #expect(payload(wire) == bytes)
  }

  @Test func anEscapedByteIsNotCutInTwo() {
    var frame = ReplyFrame()
    frame.begin()
    for number in 0..<4095 { frame.raw(UInt8(ascii: "0") + UInt8(number % 2)) }
    let isWritten = frame.escaped(UInt8(ascii: "$"))
    #expect(!isWritten)
    frame.end()
    #expect(payload((0..<frame.count).map { frame.bytes[$0] }).count == 4095)
  }

  @Test(arguments: [0, 1, 0xf, 0x10, 0xabc, UInt64.max])
  func numbers(value: UInt64) {
    #expect(
      String(decoding: payload(wire { $0.hexadecimal(number: value) }), as: UTF8.self)
        == String(value, radix: 16))
  }

  @Test(arguments: [0, 1, 9, 10, 12345, 1 << 32, 9_999_999_999_999_999_999, UInt64.max])
  func decimalNumbers(value: UInt64) {
    let wire = wire { frame in
      frame.beginDocument(start: 0, byteCount: 100)
      frame.markup(decimal: value)
    }
    #expect(String(decoding: payload(wire), as: UTF8.self) == "l\(value)")
  }

  @Test func textBecomesXML() {
    let wire = wire { frame in
      frame.beginDocument(start: 0, byteCount: 100)
      frame.form = .documentText
      for byte in "<a> & \"b\"\n\u{1}é".utf8 { frame.write(byte) }
    }
    #expect(
      String(decoding: payload(wire), as: UTF8.self) == "l&lt;a&gt; &amp; &quot;b&quot;  é")
  }
}

/// A seeded generator: a test that fails fails again.
struct Random {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 | 1 }

  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return (state >> 33) ^ (state >> 11 & 0xff)
  }

  /// True once in `count`, on average.
  mutating func once(in count: Double) -> Bool { Double(next() % 1_000_000) < 1_000_000 / count }
}
