import RemoteProtocol
import Testing

@Suite struct PacketDecoderTests {
  @Test func acceptsThePacketOfTheManual() {
    // GDB manual, E.1: the empty packet, and one of QEMU's replies.
    #expect(decode("$#00") == [.began, .packet("")])
    #expect(decode("$OK#9a") == [.began, .packet("OK")])
    #expect(decode("$OK#9A") == [.began, .packet("OK")])
  }

  @Test func ignoresWhatStandsBetweenPackets() {
    #expect(
      decode("noise#00\r\n$OK#9a*}x$E14#aa\0")
        == [.began, .packet("OK"), .began, .packet("E14")])
  }

  @Test func reportsSingleBytesOutsideOfPackets() {
    #expect(decode("+-\u{3}") == [.acknowledged, .notAcknowledged, .interrupt])
    // Inside a packet they are payload.
    #expect(decode(Wire.frame(raw: "a+-\u{3}")) == [.began, .packet("a+-\u{3}")])
  }

  @Test func rejectsABadChecksumAndGoesOn() {
    #expect(
      decode("$OK#9b$OK#9a") == [.began, .rejected(.checksum), .began, .packet("OK")])
    #expect(decode("$OK#zz$OK#9a") == [.began, .rejected(.checksum), .began, .packet("OK")])
  }

  @Test func oneFlippedBitIsAlwaysFound() {
    let frame = Wire.frame(raw: "T05thread:p01.01;")
    // Every bit of the payload; the frame's own marks are another matter.
    for position in 1..<(frame.count - 3) {
      for bit in 0..<8 {
        var broken = frame
        broken[position] ^= 1 << UInt8(bit)
        #expect(!decode(broken).contains(.packet("T05thread:p01.01;")))
      }
    }
  }

  @Test func aNewPacketReplacesOneWhoseEndWasLost() {
    #expect(decode("$qSupp$OK#9a") == [.began, .began, .packet("OK")])
    #expect(decode("$abc}$OK#9a") == [.began, .began, .packet("OK")])
    #expect(decode("$abc*$OK#9a") == [.began, .began, .packet("OK")])
  }

  @Test func undoesEscapes() {
    // `}` `]`, `#`, `$` and `*` as they are escaped.
    #expect(decode(Wire.frame(raw: "x}]}\u{3}}\u{4}}\n")) == [.began, .packet("x}#$*")])
  }

  @Test func aDanglingEscapeIsRejected() {
    #expect(
      decode(Wire.frame(raw: "ab}") + Wire.frame(raw: "OK"))
        == [.began, .rejected(.malformed), .began, .packet("OK")])
  }

  @Test func expandsRunLengths() {
    // GDB manual, E.1: "0* " is "0000"; the count is the character minus 29.
    #expect(decode(Wire.frame(raw: "0* ")) == [.began, .packet("0000")])
    #expect(decode(Wire.frame(raw: "0*\"1*!")) == [.began, .packet("000000" + "11111")])
    #expect(
      decode(Wire.frame(raw: "f*~"), capacity: 98) == [.began, .packet(String(repeating: "f", count: 98))])
    // A run may follow a run: it repeats the same byte again.
    #expect(decode(Wire.frame(raw: "0* * ")) == [.began, .packet("0000000")])
  }

  @Test func rejectsRunLengthsThatMeanNothing() {
    #expect(decode(Wire.frame(raw: "* ")) == [.began, .rejected(.malformed)])
    #expect(decode(Wire.frame(raw: "0*\u{1f}")) == [.began, .rejected(.malformed)])
    #expect(
      decode(Wire.frame(raw: "0*") + Wire.frame(raw: "OK"))
        == [.began, .rejected(.malformed), .began, .packet("OK")])
  }

  @Test func requestsHaveNoRunLengths() {
    // The binary data of an X packet may hold a bare `*`.
    #expect(decode(Wire.frame(raw: "X0,3:a*b"), .requests) == [.began, .packet("X0,3:a*b")])
  }

  @Test func anOversizedPacketIsDrainedAndReported() {
    let long = String(repeating: "a", count: 40)
    #expect(
      decode(Wire.frame(raw: long) + Wire.frame(raw: "OK"), capacity: 16)
        == [.began, .rejected(.oversized(byteCount: 40)), .began, .packet("OK")])
    // The exact fit is no excess.
    #expect(decode(Wire.frame(raw: long), capacity: 40) == [.began, .packet(long)])
    // Grown by a run length.
    #expect(
      decode(Wire.frame(raw: "0*~"), capacity: 16) == [.began, .rejected(.oversized(byteCount: 98))])
    #expect(decode(Wire.frame(raw: "OK"), capacity: 0) == [.began, .rejected(.oversized(byteCount: 2))])
  }

  @Test func notificationsAreTold() {
    #expect(decode(Wire.frame(raw: "Stop:T05", start: "%")) == [.began, .notification("Stop:T05")])
    // A broken one cannot be asked for again.
    #expect(decode("%Stop#00$OK#9a") == [.began, .began, .packet("OK")])
  }

  @Test func manyBytesAtOnceGiveTheSameEvents() {
    let stream = Array("+$OK#9a-x$E14#aa$bad#00%n#6e$tail".utf8)
    var decoder = PacketDecoder(.replies)
    var buffer = [UInt8](repeating: 0, count: 64)
    var events: [PacketEvent] = []
    var position = 0
    while position < stream.count {
      var span = buffer.mutableSpan
      let event = decoder.feed(stream.span, from: &position, into: &span)
      if event != .none { events.append(event) }
    }
    #expect(
      events == [
        .acknowledged, .began, .packet(byteCount: 2), .notAcknowledged, .began, .packet(byteCount: 3), .began,
        .rejected(.checksum), .began, .notification(byteCount: 1), .began,
      ])
    #expect(decoder.isInsidePacket)
  }

  /// Nothing that arrives may trap, and after anything at all a sound packet is found again.
  @Test func survivesNoise() {
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<300 {
      let alphabet = Array("$$##}}**%+-\u{3}0aZ \u{1f}~".utf8)
      let noise = (0..<200).map { _ in
        Bool.random(using: &generator)
          ? alphabet.randomElement(using: &generator)! : UInt8.random(in: 0...255, using: &generator)
      }
      // Two: the first may be swallowed as the checksum of what came before.
      let tail = Wire.frame(raw: "OK") + Wire.frame(raw: "OK")
      #expect(decode(noise + tail, capacity: 32).last == .packet("OK"))
    }
  }
}
