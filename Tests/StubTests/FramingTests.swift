import RemoteProtocol
import StubSupport
import Testing

@testable import Stub

/// What the stub does with bytes that are no good packet.
@Suite struct FramingTests {
  private let bench = StubBench()

  private func reply(_ text: String) -> [StubAnswer] { [.acknowledged, .packet(Array(text.utf8))] }

  @Test func aGoodPacketIsAcknowledgedAndAnswered() { #expect(bench.ask("qC") == reply("QC1")) }

  @Test func aWrongChecksumIsNotAcknowledged() {
    bench.send(Array("$qC#00".utf8))
    bench.drain()
    #expect(bench.answers() == [.notAcknowledged])
    #expect(bench.ask("qC") == reply("QC1"))
    #expect(bench.stub.statistics.rejected == 1)
  }

  @Test func checksumDigitsOfEitherCase() {
    bench.send(Array("$m100000,1#BF$qC#B4".utf8))
    bench.drain()
    #expect(bench.answers().last == .packet(Array("QC1".utf8)))
  }

  @Test func withoutAcknowledgementsAWrongChecksumIsPassedOver() {
    let bench = StubBench.attached()
    bench.send(Array("$qC#00".utf8))
    bench.drain()
    #expect(bench.answers().isEmpty)
    #expect(bench.exchange("qC") == "QC1")
  }

  @Test func aReplyIsSentAgainWhenTheClientAsks() {
    #expect(bench.ask("qC") == reply("QC1"))
    for _ in 0..<3 {
      bench.send([UInt8(ascii: "-")])
      bench.drain()
      #expect(bench.answers() == [.packet(Array("QC1".utf8))])
    }
    #expect(bench.stub.statistics.repeated == 3)
    bench.send([UInt8(ascii: "+")])
    #expect(bench.ask("Hg2") == reply("OK"))
    bench.send([UInt8(ascii: "-")])
    bench.drain()
    #expect(bench.answers() == [.packet(Array("OK".utf8))])
  }

  @Test func nothingIsSentAgainWhereNothingWasSent() {
    bench.send([UInt8](repeating: UInt8(ascii: "-"), count: 5))
    bench.drain()
    #expect(bench.wire.fromStub.isEmpty)
  }

  /// The stub's acknowledgement was lost: the client sends its request again, and it must not be carried out twice.
  @Test func aRepeatedRequestIsAnsweredAgainAndNotCarriedOut() {
    #expect(bench.exchange("?").hasPrefix("T05"))
    bench.send([UInt8(ascii: "+")])
    #expect(bench.ask("vCont;s:1") == [.acknowledged])
    bench.run()
    #expect(bench.answers().first?.text?.hasPrefix("T05") == true)
    #expect(bench.machine.instructionsExecuted == 1)
    let again = bench.ask("vCont;s:1")
    #expect(again.first == .acknowledged)
    #expect(again.last?.text?.hasPrefix("T05") == true)
    #expect(bench.outcome == nil)
    #expect(bench.machine.instructionsExecuted == 1)
    // Acknowledged, the same request is a new one.
    bench.send([UInt8(ascii: "+")])
    #expect(bench.ask("vCont;s:1") == [.acknowledged])
    bench.run()
    #expect(bench.machine.instructionsExecuted == 2)
  }

  /// The same while the machine runs: it goes on.
  @Test func aRepeatedRequestToGoOn() {
    #expect(bench.exchange("?").hasPrefix("T05"))
    bench.send([UInt8(ascii: "+")])
    #expect(bench.ask("vCont;c") == [.acknowledged])
    bench.send(ClientFrame.packet("vCont;c"))
    #expect(bench.stub.pollWhileRunning() == .nothing)
    #expect(bench.answers() == [.acknowledged])
    bench.enter(.softwareBreakpoint)
    #expect(bench.answers().count == 1)
  }

  @Test func garbageBetweenPackets() {
    bench.send(Array("garbage%%%#12 \0\u{7f}".utf8) + [0xff, 0x80, 0x03])
    bench.drain()
    #expect(bench.wire.fromStub.isEmpty)
    #expect(bench.ask("qC") == reply("QC1"))
  }

  /// Who repeats nothing is waited for longer: the host of an emulator may stop in the middle of a packet.
  @Test func withoutAcknowledgementsAPacketMayPause() {
    #expect(bench.exchange("QStartNoAckMode") == "OK")
    bench.send(Array("+$q".utf8))
    bench.wait(microseconds: 8 * LinkTime.insidePacket)
    bench.send(Array("C#b4".utf8))
    bench.drain()
    #expect(bench.answers() == reply("QC1").filter { $0 != .acknowledged })
    #expect(bench.stub.statistics.unfinished == 0)
    bench.send(Array("$q".utf8))
    bench.wait(microseconds: LinkTime.insidePacketForGood + 100_000)
    #expect(bench.stub.statistics.unfinished == 1)
  }

  @Test func aNewPacketEndsOneWithoutAnEnd() {
    bench.send(Array("$m1000".utf8))
    #expect(bench.ask("qC") == reply("QC1"))
  }

  @Test func notificationsArePassedOver() {
    bench.send(Array("%Stop:T05#20".utf8))
    #expect(bench.ask("qC") == reply("QC1"))
  }

  /// The largest packet that is announced is taken, and what is larger is read to its end and refused.
  @Test func theLargestPacket() {
    let bench = StubBench.attached()
    #expect(bench.exchange(String(repeating: "A", count: 4096)) == "")
    #expect(bench.exchange(String(repeating: "A", count: 4097)) == "E16")
    #expect(bench.exchange(String(repeating: "A", count: 100_000)) == "E16")
    #expect(bench.exchange("qC") == "QC1")
    #expect(bench.stub.statistics.oversized == 2)
  }

  @Test func anOversizedPacketWithAcknowledgements() {
    #expect(bench.ask(String(repeating: "A", count: 5000)) == reply("E16"))
    // Nothing of it was carried out or remembered.
    #expect(bench.ask("qC") == reply("QC1"))
  }

  @Test func anEscapeWithoutItsByte() {
    bench.send(Array("$qC}#31".utf8))
    bench.drain()
    #expect(bench.answers() == reply("E16"))
  }

  @Test func escapesInARequest() {
    bench.send(Array("$q}c#51".utf8))
    bench.drain()
    #expect(bench.answers() == reply("QC1"))
  }

  /// Clients that shorten runs get along too: in a request a star is a byte, and `X` data may hold any.
  @Test func aStarInARequestIsAByte() {
    let payload = Array("X100000,3:".utf8) + [UInt8(ascii: "*"), UInt8(ascii: "*"), 0x20]
    let sum = payload.reduce(0) { $0 &+ $1 }
    bench.send([UInt8(ascii: "$")] + payload + Array("#".utf8) + Array(hexadecimal([sum]).utf8))
    bench.drain()
    #expect(bench.answers() == reply("OK"))
    #expect(bench.machine.memory[0x10000..<0x10003] == [UInt8(ascii: "*"), UInt8(ascii: "*"), 0x20])
  }

  // MARK: Time

  @Test func aPacketWhoseEndNeverComes() {
    #expect(bench.exchange("?").hasPrefix("T05"))
    bench.send(Array("+$m100000".utf8))
    bench.wait(microseconds: LinkTime.insidePacket / 2)
    #expect(bench.wire.fromStub.isEmpty)
    bench.wait(microseconds: LinkTime.insidePacket)
    #expect(bench.answers() == [.notAcknowledged])
    #expect(bench.stub.statistics.unfinished == 1)
    // What comes now is not its end.
    bench.send(Array(",4#00".utf8))
    bench.drain()
    #expect(bench.wire.fromStub.isEmpty)
    #expect(bench.ask("qC") == reply("QC1"))
  }

  @Test func aLostStopReplyIsSentAgain() {
    #expect(bench.exchange("?").hasPrefix("T05"))
    bench.send([UInt8(ascii: "+")])
    #expect(bench.ask("c") == [.acknowledged])
    bench.enter(.signal)
    #expect(bench.answers().count == 1)
    for _ in 0..<5 {
      bench.wait(microseconds: LinkTime.stopAcknowledgement + 10_000)
      #expect(bench.answers().count == 1)
    }
    // Not for ever.
    bench.wait(microseconds: 10 * LinkTime.stopAcknowledgement)
    #expect(bench.wire.fromStub.isEmpty)
    // An interrupt asks for it too.
    bench.send([0x03])
    bench.drain()
    #expect(bench.answers().count == 1)
    bench.send([UInt8(ascii: "+"), 0x03])
    bench.drain()
    #expect(bench.wire.fromStub.isEmpty)
  }

  @Test func anAcknowledgedStopReplyIsNotSentAgain() {
    #expect(bench.exchange("?").hasPrefix("T05"))
    bench.send([UInt8(ascii: "+")])
    #expect(bench.ask("c") == [.acknowledged])
    bench.enter(.signal)
    _ = bench.answers()
    bench.send([UInt8(ascii: "+")])
    bench.wait(microseconds: 10 * LinkTime.stopAcknowledgement)
    #expect(bench.wire.fromStub.isEmpty)
  }

  /// A line that takes nothing must not hold the machine for ever.
  @Test func aLineThatIsStuck() {
    bench.wire.burst = 0
    let start = bench.wire.clock
    bench.send(ClientFrame.packet("qC"))
    bench.drain()
    #expect(bench.wire.clock - start < 3 * LinkTime.stall)
    bench.wire.burst = 1
    #expect(bench.ask("Hg2") == reply("OK"))
  }

  /// The driver may take any number of bytes at a time.
  @Test(arguments: [1, 3, 16, 5000])
  func bursts(size: Int) {
    bench.wire.burst = size
    #expect(bench.ask("m100000,100") == reply(String(repeating: "90", count: 256)))
  }

  /// What comes while a reply goes out on a slow line is not lost.
  @Test func requestsInFlight() {
    let bench = StubBench.attached()
    bench.send((0..<16).flatMap { ClientFrame.packet("m10000\($0 % 8),1") })
    bench.drain()
    #expect(bench.answers().count == 16)
  }

  // MARK: A fault in the stub

  @Test func aFaultOverARequestBecomesAnError() {
    let bench = StubBench.attached()
    #expect(bench.exchange("qC") == "QC1")
    bench.stub.isAnswering.store(1, ordering: .relaxed)
    bench.send(ClientFrame.packet("D"))
    #expect(bench.stub.continueAfterFault() == .detached)
    #expect(bench.answers().map(\.text) == ["E05", "OK"])
  }

  @Test func aFaultOverNothingIsNotTold() {
    let bench = StubBench.attached()
    bench.send(ClientFrame.packet("D"))
    #expect(bench.stub.continueAfterFault() == .detached)
    #expect(bench.answers().map(\.text) == ["OK"])
  }
}
