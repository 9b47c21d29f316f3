import RemoteProtocol
import Testing

@Suite struct StopReplyTests {
  private static let first = ThreadIdentifier(process: .number(1), thread: .number(1))

  @Test(arguments: [
    ("S05", StopReply.signal(5, StopDetails())),
    ("T05thread:p01.01;", .signal(5, StopDetails(thread: first))),
    ("T02thread:01;", .signal(2, StopDetails(thread: ThreadIdentifier(thread: .number(1))))),
    (
      "T05thread:p01.01;watch:ffffc90000004ff8;",
      .signal(
        5, StopDetails(thread: first, watch: Watchpoint(kind: .write, address: 0xffff_c900_0000_4ff8)))
    ),
    ("T05rwatch:10;", .signal(5, StopDetails(watch: Watchpoint(kind: .read, address: 0x10)))),
    ("T05awatch:10;", .signal(5, StopDetails(watch: Watchpoint(kind: .access, address: 0x10)))),
    ("T05swbreak:;", .signal(5, StopDetails(breakpoint: .software))),
    (
      "T05hwbreak:;thread:1",
      .signal(5, StopDetails(thread: .init(thread: .number(1)), breakpoint: .hardware))
    ),
    // Registers and what is not known are passed over, and so is what is no pair at all.
    ("T0506:0000;10:ab;core:1;junk;:;thread:p1.1;", .signal(5, StopDetails(thread: first))),
    ("T0b", .signal(11, StopDetails())),
    ("W00", .exited(status: 0)),
    ("W2a;process:1", .exited(status: 0x2a)),
    ("X09", .terminated(signal: 9)),
    ("N", .noResumedThreads),
  ])
  func reads(_ text: String, _ reply: StopReply) {
    #expect(StopReply(Array(text.utf8).span) == reply)
  }

  @Test(arguments: ["", "OK", "E14", "T", "T5", "Txx", "S0", "W", "X", "Nothing", "O48", "PacketSize=1000"])
  func refusesWhatIsNoStop(_ text: String) {
    #expect(StopReply(Array(text.utf8).span) == nil)
  }

  @Test func givesExpeditedRegisters() {
    let packet = Array("T0510:0010000000000000;thread:1;".utf8)
    var pairs = StopReplyPairs()
    let pair = pairs.next(in: packet.span)
    var key = pair?.key ?? PacketCursor()
    var value = pair?.value ?? PacketCursor()
    #expect(key.hexadecimalNumber(in: packet.span) == 0x10)
    #expect(value.littleEndian(byteCount: 8, in: packet.span) == 0x1000)
    #expect(pairs.next(in: packet.span) != nil)
    #expect(pairs.next(in: packet.span) == nil)
  }
}
