import RemoteProtocol
import Testing

@Suite struct PacketCursorTests {
  @Test func readsAMemoryRequest() {
    let packet = Array("mffffc90000004ff8,8:".utf8)
    var cursor = PacketCursor()
    #expect(cursor.take(UInt8(ascii: "m"), in: packet.span) == true)
    #expect(cursor.hexadecimalNumber(in: packet.span) == 0xffff_c900_0000_4ff8)
    #expect(cursor.take(UInt8(ascii: ":"), in: packet.span) == false)
    #expect(cursor.take(UInt8(ascii: ","), in: packet.span) == true)
    #expect(cursor.hexadecimalNumber(in: packet.span) == 8)
    #expect(cursor.byte(in: packet.span) == UInt8(ascii: ":"))
    #expect(cursor.isAtEnd(of: packet.span) == true)
    #expect(cursor.byte(in: packet.span) == nil)
  }

  @Test func aNumberThatDoesNotFitIsNone() {
    let wide = Array("10000000000000000".utf8)
    var cursor = PacketCursor()
    #expect(cursor.hexadecimalNumber(in: wide.span) == nil)
    #expect(cursor.position == 0)
    // Leading zeros do no harm.
    let padded = Array("00000000000000000010".utf8)
    #expect(cursor.hexadecimalNumber(in: padded.span) == 0x10)
  }

  @Test func readsRegistersLowByteFirst() {
    let packet = Array("7856341200000000xxxxxxxx".utf8)
    var cursor = PacketCursor()
    #expect(cursor.littleEndian(byteCount: 8, in: packet.span) == 0x1234_5678)
    #expect(cursor.littleEndian(byteCount: 4, in: packet.span) == nil)
    #expect(cursor.position == 16)
  }

  @Test(arguments: [
    ("1", ThreadIdentifier(thread: .number(1))),
    ("-1", ThreadIdentifier(thread: .all)),
    ("0", ThreadIdentifier(thread: .any)),
    ("p01.01", ThreadIdentifier(process: .number(1), thread: .number(1))),
    ("p1.-1", ThreadIdentifier(process: .number(1), thread: .all)),
    ("p-1.-1", ThreadIdentifier(process: .all, thread: .all)),
    ("p2", ThreadIdentifier(process: .number(2), thread: .all)),
  ])
  func readsThreads(_ text: String, _ thread: ThreadIdentifier) {
    var cursor = PacketCursor()
    #expect(cursor.threadIdentifier(in: Array(text.utf8).span) == thread)
    #expect(cursor.position == text.utf8.count)
  }

  @Test(arguments: ["", "p", "-2", "-", "px", "p1.", "p1.-2", "x"])
  func refusesWhatIsNoThread(_ text: String) {
    var cursor = PacketCursor()
    #expect(cursor.threadIdentifier(in: Array(text.utf8).span) == nil)
    #expect(cursor.position == 0)
  }

  @Test(arguments: ["1f", "-1", "0", "p1.2", "p1.-1", "p-1.0"])
  func writesThreadsAsTheyAreRead(_ text: String) {
    var cursor = PacketCursor()
    var wire = Wire()
    var encoder = PacketEncoder()
    if let thread = cursor.threadIdentifier(in: Array(text.utf8).span) { encoder.thread(thread, to: &wire) }
    #expect(wire.text == text)
  }

  @Test func anyPlaceIsSafe() {
    let packet = Array("12".utf8)
    for position in [-1, 3, .max, .min] {
      var cursor = PacketCursor(position: position)
      #expect(cursor.byte(in: packet.span) == nil)
      #expect(cursor.hexadecimalByte(in: packet.span) == nil)
      #expect(cursor.hexadecimalNumber(in: packet.span) == nil)
      #expect(cursor.littleEndian(byteCount: .max, in: packet.span) == nil)
      #expect(cursor.next(UInt8(ascii: "1"), in: packet.span) == nil)
    }
  }
}
