import Synchronization
import Testing

@testable import Session

/// What the client does about bytes that do not come, or come twice.
@Suite struct LossyLineTests {
  private func client(_ stub: FakeStub, limit: Duration = .seconds(120)) throws -> GDBClient {
    GDBClient(
      try Socket.connect(stub.endpoint, until: Deadline(after: .seconds(120))), stub.endpoint, limit: limit,
      line: .lossy(patience: .milliseconds(20)))
  }

  /// `qC` is what the client asks to know where it stands.
  private static func answer(_ request: String) -> FakeStub.Answer {
    request == "qC" ? .reply("QC1") : .reply("of \(request)")
  }

  @Test func aLostRequestIsSentAgain() throws {
    let stub = try FakeStub { request, before in
      before < 5 && request == "T1" ? .silence : Self.answer(request)
    }
    #expect(try client(stub).request("T1", "read").text == "of T1")
    // More often where the answer took longer than the client's patience.
    #expect(stub.requests.count { $0 == "T1" } >= 6)
  }

  /// The request came, the reply did not.
  @Test func aLostReplyIsAskedForAgain() throws {
    let stub = try FakeStub { request, before in
      request == "T1" && before < 3 ? .raw("+") : Self.answer(request)
    }
    #expect(try client(stub).request("T1", "read").text == "of T1")
  }

  @Test func aReplyMayBeDamagedManyTimes() throws {
    let rejections = Counter()
    let stub = try FakeStub { request, _ in
      switch request {
      case "-" where rejections.next() < 50: .raw("$of T2#00")
      case "-": .reply("of T1")
      default: .raw("+$of T2#00")
      }
    }
    #expect(try client(stub).request("T1", "read").text == "of T1")
  }

  @Test func aReplyThatStaysDamagedHasItsLimitToo() throws {
    let stub = try FakeStub { _, _ in .raw("$of T2#00") }
    #expect(throws: SessionError.timedOut(operation: "read", limit: .milliseconds(300))) {
      try client(stub, limit: .milliseconds(300)).request("T1", "read")
    }
  }

  /// One damaged packet in 256 has the right checksum; what a stub says of itself is asked for until it comes twice.
  @Test func aDescriptionWithDamageThatPassedIsNotBelieved() throws {
    let rejections = Counter()
    let stub = try FakeStub { request, before in
      switch request {
      case "-": rejections.next() == 0 ? .reply("PacketSize=1000;QSterrNoAckMode+") : .silence
      case _ where !request.hasPrefix("qSupported"): Self.answer(request)
      case _ where before == 0: .raw("+$PacketSize=1000;QStartNoAckMode+#00")
      default: .reply("PacketSize=1000;QStartNoAckMode+")
      }
    }
    #expect(try client(stub).negotiate().has("QStartNoAckMode"))
  }

  /// A stub that answers twice, the second time late: nothing is out of step afterwards.
  @Test func aSecondAnswerIsNotTakenForTheNextOne() throws {
    let stub = try FakeStub { request, before in
      switch request {
      case "T1" where before == 0: .silence
      case "T1": .replies(["of T1", "of T1", "of T1"])
      default: Self.answer(request)
      }
    }
    let client = try client(stub)
    #expect(try client.request("T1", "read").text == "of T1")
    #expect(try client.request("T2", "read").text == "of T2")
    #expect(try client.request("T3", "read").text == "of T3")
    // Whatever was repeated, the client asks where it stands before it goes on.
    var turns: [String] = []
    for request in stub.requests where request != turns.last { turns.append(request) }
    #expect(turns.starts(with: ["T1", "qC", "T2"]), "\(turns)")
    #expect(turns.last == "T3" && Set(turns) == ["T1", "qC", "T2", "T3"], "\(turns)")
  }

  @Test func aResumptionIsSentAgainUntilItIsAcknowledged() throws {
    let stub = try FakeStub { request, before in
      switch request {
      case "vCont;c": before < 3 ? .silence : .raw("+")
      // Nothing more came, so the stop reply is asked for.
      case "-": .raw("$T05#b9")
      default: Self.answer(request)
      }
    }
    let client = try client(stub)
    try client.send(Array("vCont;c".utf8), "resume")
    guard case .reply = try client.stop(until: Deadline(after: .seconds(120)), interrupt: nil) else {
      Issue.record("no stop")
      return
    }
    #expect(stub.requests.count { $0 == "vCont;c" } >= 4)
    #expect(try client.request("T2", "read").text == "of T2")
  }

  /// The acknowledgement was none: what the stub repeats is the reply before.
  @Test func aResumptionThatOnlySeemedToArriveIsSentAgain() throws {
    let stub = try FakeStub { request, before in
      switch request {
      case "vCont;c": before == 0 ? .raw("+") : .reply("T05")
      case "-": .reply("OK")
      default: Self.answer(request)
      }
    }
    let client = try client(stub)
    try client.send(Array("vCont;c".utf8), "resume")
    guard case .reply = try client.stop(until: Deadline(after: .seconds(120)), interrupt: nil) else {
      Issue.record("no stop")
      return
    }
    #expect(stub.requests.count { $0 == "vCont;c" } >= 2)
  }

  @Test func aLostInterruptIsSentAgain() throws {
    let interrupts = Counter()
    let stub = try FakeStub { request, _ in
      switch request {
      case "vCont;c": .raw("+")
      case "\u{3}": interrupts.next() < 4 ? .silence : .raw("$T02#b6")
      default: Self.answer(request)
      }
    }
    let client = try client(stub)
    try client.send(Array("vCont;c".utf8), "resume")
    guard case .none = try client.stop(until: Deadline(after: .milliseconds(5)), interrupt: nil) else {
      Issue.record("it stopped by itself")
      return
    }
    try client.sendInterrupt()
    guard case .reply = try client.stop(until: Deadline(after: .seconds(120)), interrupt: nil) else {
      Issue.record("no stop")
      return
    }
  }

  @Test func theLimitStillEndsIt() throws {
    let stub = try FakeStub { _, _ in .silence }
    let client = try client(stub, limit: .seconds(2))
    let expected = SessionError.timedOut(operation: "read", limit: .seconds(2))
    #expect(throws: expected) { try client.request("T1", "read") }
    #expect(throws: expected) { try client.request("T1", "read") }
    #expect(stub.requests.count > 2)
  }

  private final class Counter: Sendable {
    private let value = Atomic(0)
    func next() -> Int { value.add(1, ordering: .relaxed).oldValue }
  }
}
