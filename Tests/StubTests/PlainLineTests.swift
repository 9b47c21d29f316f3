import RemoteProtocol
import Stub
import StubSupport
import Testing

/// A line for which every byte of memory becomes two digits.
private struct PlainChannel: ByteChannel {
  static var encoding: LineEncoding { .plain }
  var channel: WireChannel

  mutating func receive() -> UInt8? { channel.receive() }
  mutating func send(_ bytes: Span<UInt8>, from position: Int) -> Int { channel.send(bytes, from: position) }
  mutating func microseconds() -> UInt64 { channel.microseconds() }
  mutating func pause() { channel.pause() }
}

@Suite struct PlainLineTests {
  /// What the stub sends for these requests, frame by frame, until it is told to go on.
  private func frames<Channel: ByteChannel>(
    _ requests: [String], over wire: Wire, _ channel: Channel
  ) -> [String] {
    let machine = FakeMachine()
    var stub = Stub(channel: channel, target: FakeTarget(machine))
    wire.toStub = (requests + ["D"]).flatMap { [UInt8(ascii: "+")] + ClientFrame.packet($0) }
    _ = stub.enterStopped(StopReason(.signal, thread: machine.current))
    return String(decoding: wire.fromStub, as: UTF8.self).split(separator: "$").dropFirst().map {
      String($0.prefix { $0 != "#" })
    }
  }

  @Test func aPlainLineCarriesDigitsOnly() {
    let wire = Wire()
    let replies = frames(
      ["qSupported", "m100000,20", "x100000,20", "x0,0"], over: wire, PlainChannel(channel: WireChannel(wire))
    )
    #expect(!replies[0].contains("binary-upload"), "\(replies)")
    #expect(replies[1...] == [String(repeating: "90", count: 32), "", "", "OK"])
  }

  /// The same requests on any other line: the difference is the line's.
  @Test func anyOtherLineIsCompact() {
    let wire = Wire()
    let replies = frames(["qSupported", "m7f0000,20", "x7f0000,20"], over: wire, WireChannel(wire))
    #expect(replies[0].contains(";binary-upload+"), "\(replies)")
    #expect(replies[1].contains("*"))
    #expect(replies[2].hasPrefix("b"))
  }

  @Test func aPlainLineRepeatsNoByteByItsCount() {
    let wire = Wire()
    let replies = frames(["m7f0000,20"], over: wire, PlainChannel(channel: WireChannel(wire)))
    #expect(replies == [String(repeating: "0", count: 64), "OK"])
  }
}
