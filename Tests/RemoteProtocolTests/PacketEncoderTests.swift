import RemoteProtocol
import Testing

@Suite struct PacketEncoderTests {
  private func encoded(
    _ kind: PacketKind = .packet, _ write: (inout PacketEncoder, inout Wire) -> Void
  ) -> String {
    var wire = Wire()
    var encoder = PacketEncoder()
    encoder.begin(kind, to: &wire)
    write(&encoder, &wire)
    encoder.end(to: &wire)
    return wire.text
  }

  @Test func framesAndSums() {
    #expect(encoded { _, _ in } == "$#00")
    #expect(encoded { $0.bytes(Array("OK".utf8).span, to: &$1) } == "$OK#9a")
    #expect(encoded(.notification) { $0.bytes(Array("n".utf8).span, to: &$1) } == "%n#6e")
  }

  @Test func escapesWhatMustBe() {
    #expect(encoded { $0.bytes(Array("#$}*".utf8).span, to: &$1) } == "$}\u{3}}\u{4}}]}\n#62")
  }

  @Test func anEncoderIsReusable() {
    var wire = Wire()
    var encoder = PacketEncoder()
    for _ in 0..<2 {
      encoder.begin(to: &wire)
      encoder.bytes(Array("OK".utf8).span, to: &wire)
      encoder.end(to: &wire)
    }
    #expect(wire.text == "$OK#9a$OK#9a")
  }

  @Test(arguments: [
    (UInt64(0), "0"), (1, "1"), (0xf, "f"), (0x10, "10"), (0x800, "800"),
    (0xffff_c900_0000_5000, "ffffc90000005000"),
    (.max, "ffffffffffffffff"),
  ])
  func writesNumbersWithoutLeadingZeros(_ value: UInt64, _ text: String) {
    let wire = encoded { $0.hexadecimal(number: value, to: &$1) }
    #expect(wire.dropFirst().prefix { $0 != "#" } == text)
  }

  @Test func writesRegistersLowByteFirst() {
    let wire = encoded { $0.hexadecimal(littleEndian: 0x1122_3344_5566_7788, byteCount: 4, to: &$1) }
    #expect(wire.hasPrefix("$88776655#"))
    // Wider than a number: the rest is zero.
    let wide = encoded { $0.hexadecimal(littleEndian: 0x12, byteCount: 10, to: &$1) }
    #expect(wide.hasPrefix("$12000000000000000000#"))
  }

  /// Any payload comes back as it was, whichever way it is read.
  @Test func everyByteSurvivesTheRoundTrip() {
    let payload = (0...255).map { UInt8($0) } + (0...255).reversed().map { UInt8($0) }
    for direction in [PacketDirection.requests, .replies] {
      var wire = Wire()
      var encoder = PacketEncoder()
      encoder.begin(to: &wire)
      encoder.bytes(payload.span, to: &wire)
      encoder.end(to: &wire)
      var decoder = PacketDecoder(direction)
      var buffer = [UInt8](repeating: 0, count: 512)
      var last = PacketEvent.none
      for byte in wire.bytes {
        var span = buffer.mutableSpan
        last = decoder.feed(byte, into: &span)
      }
      #expect(last == .packet(byteCount: 512))
      #expect(buffer == payload)
    }
  }
}
