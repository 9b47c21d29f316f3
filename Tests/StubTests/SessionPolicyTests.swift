import StubSupport
import Testing

@testable import Stub

/// How sessions end and begin: what of one client the next one finds, which is nothing.
@Suite struct SessionPolicyTests {
  private let bench = StubBench()

  private func acknowledged(_ text: String) -> [StubAnswer] { [.acknowledged, .packet(Array(text.utf8))] }
  private func unacknowledged(_ text: String) -> [StubAnswer] { [.packet(Array(text.utf8))] }

  /// A client with everything that could leak.
  private func settle() {
    #expect(bench.exchange("qSupported:swbreak+;error-message+").hasPrefix("PacketSize"))
    #expect(bench.exchange("QStartNoAckMode") == "OK")
    bench.send([UInt8(ascii: "+")])
    #expect(bench.exchange("x0,0") == "OK")
    #expect(bench.exchange("Hg2") == "OK")
    #expect(bench.exchange("Hc2") == "OK")
    #expect(bench.exchange("Qqemu.PhyMemMode:1") == "OK")
    #expect(bench.exchange("Z0,7f0000,1;X3,220027") == "OK")
    #expect(bench.exchange("m200000,1") == "E.nothing is mapped at 0x200000")
  }

  /// What a new client finds.
  private func expectFresh(_ comment: Comment) {
    #expect(bench.machine.breakpoints.isEmpty, comment)
    #expect(bench.ask("qqemu.PhyMemMode") == acknowledged("0"), comment)
    #expect(bench.ask("qC") == acknowledged("QC1"), comment)
    #expect(bench.ask("p0") == acknowledged("0010000000000000"), comment)
    #expect(bench.ask("m0,1") == acknowledged("E0e"), comment)
    #expect(bench.ask("x100000,1") == [.acknowledged, .packet([UInt8(ascii: "b"), 0x90])], comment)
  }

  @Test func detach() {
    settle()
    #expect(bench.ask("D") == unacknowledged("OK"))
    #expect(bench.outcome == .detached)
    #expect(bench.machine.breakpoints.isEmpty)
    #expect(!bench.isAttached)
    bench.enter(.signal, signal: .interrupt)
    #expect(bench.answers().isEmpty)
    expectFresh("after D")
  }

  @Test func detachFromAProcess() {
    #expect(bench.exchange("D;1") == "OK")
    #expect(bench.outcome == .detached)
  }

  @Test func detachWithSomethingElseBehindIt() { #expect(bench.exchange("Dx") == "E16") }

  @Test func kill() {
    settle()
    #expect(bench.ask("k").isEmpty)
    #expect(bench.outcome == .killed)
    bench.enter(.signal)
    expectFresh("after k")
  }

  @Test func killAsAProcess() {
    #expect(bench.exchange("vKill;1") == "OK")
    #expect(bench.outcome == .killed)
  }

  @Test func restart() {
    #expect(bench.exchange("!") == "OK")
    #expect(bench.ask("R00") == [.acknowledged])
    #expect(bench.outcome == .reset)
  }

  @Test(arguments: ["kx", "R0", "R00x", "Rxx"])
  func malformedEnds(request: String) {
    #expect(bench.exchange(request) == "E16")
    #expect(bench.outcome == nil)
  }

  /// gdb begins with `+` and qSupported; it wants to see an acknowledgement.
  @Test func gdbAfterAClientThatVanished() {
    settle()
    bench.send([UInt8(ascii: "+")])
    let answers = bench.ask("qSupported:swbreak+")
    #expect(answers.first == .acknowledged)
    #expect(answers.count == 2)
    expectFresh("qSupported")
  }

  /// Even when the `+` went into a packet that the last client did not finish.
  @Test func gdbAfterAClientThatVanishedInsideOfAPacket() {
    settle()
    bench.send(Array("$m1000".utf8) + [UInt8(ascii: "+")])
    #expect(bench.ask("qSupported:swbreak+").first == .acknowledged)
    expectFresh("inside of a packet")
  }

  /// lldb begins with `+` and QStartNoAckMode, then qSupported, for which it wants no acknowledgement.
  @Test func lldbAfterAClientThatVanished() {
    settle()
    bench.send([UInt8(ascii: "+")])
    #expect(bench.ask("QStartNoAckMode") == acknowledged("OK"))
    bench.send([UInt8(ascii: "+")])
    let answers = bench.ask("qSupported:xmlRegisters=i386")
    #expect(answers.count == 1)
    #expect(answers.first?.text?.hasPrefix("PacketSize") == true)
    #expect(bench.machine.breakpoints.isEmpty)
    #expect(bench.ask("qqemu.PhyMemMode") == unacknowledged("0"))
  }

  /// A client of few words asks only why the machine stands.
  @Test func aSimpleClientAfterOneThatVanished() {
    settle()
    bench.send([UInt8(ascii: "+")])
    let answers = bench.ask("?")
    #expect(answers.first == .acknowledged)
    expectFresh("?")
  }

  @Test func aSimpleClientAfterASimpleClient() {
    #expect(bench.exchange("?").hasPrefix("T05"))
    #expect(bench.exchange("Z0,100000,1") == "OK")
    #expect(bench.exchange("Hg2") == "OK")
    #expect(bench.exchange("Qqemu.PhyMemMode:1") == "OK")
    #expect(bench.exchange("?").hasPrefix("T05thread:1;"))
    expectFresh("? again")
  }

  /// What clients ask again and again begins nothing.
  @Test func requestsThatAreNoBeginning() {
    settle()
    for request in ["qC", "vCont?", "qHostInfo", "T1", "qAttached"] {
      #expect(bench.ask(request).first != .acknowledged, "\(request)")
    }
    #expect(bench.exchange("qqemu.PhyMemMode") == "1")
    #expect(bench.machine.breakpoints.count == 1)
  }

  /// A `+` alone is noise as long as no request that begins a session follows.
  @Test func aStrayAcknowledgement() {
    settle()
    bench.send([UInt8(ascii: "+")])
    #expect(bench.ask("qqemu.PhyMemMode") == unacknowledged("1"))
    #expect(bench.machine.breakpoints.count == 1)
  }

  @Test func aClientThatComesWhileTheMachineRuns() {
    settle()
    #expect(bench.ask("vCont;c:1").isEmpty)
    bench.send([UInt8(ascii: "+")] + ClientFrame.packet("qSupported:swbreak+"))
    #expect(bench.stub.pollWhileRunning() == .stop)
    #expect(bench.wire.fromStub.isEmpty)
    bench.enter(.signal, signal: .interrupt)
    bench.drain()
    let answers = bench.answers()
    #expect(answers.count == 2)
    #expect(answers.first == .acknowledged)
    #expect(answers.last?.text?.hasPrefix("PacketSize") == true)
    #expect(bench.exchange("?").hasPrefix("T02thread:1;"))
    expectFresh("while it ran")
  }

  /// Whoever resumed the machine would wait; so any other request is somebody else's.
  @Test func aSimpleClientThatComesWhileTheMachineRuns() {
    settle()
    #expect(bench.ask("vCont;c:1").isEmpty)
    bench.send(ClientFrame.packet("qC"))
    #expect(bench.stub.pollWhileRunning() == .stop)
    bench.enter(.signal, signal: .interrupt)
    bench.drain()
    #expect(bench.answers() == acknowledged("QC1"))
    expectFresh("while it ran")
  }

  @Test func nobodyWasThereBeforeTheMachineRan() {
    #expect(bench.ask("D").count == 2)
    bench.send([UInt8(ascii: "+")])
    #expect(bench.stub.pollWhileRunning() == .nothing)
    bench.send(ClientFrame.packet("?"))
    #expect(bench.stub.pollWhileRunning() == .stop)
    bench.enter(.signal, signal: .interrupt)
    bench.drain()
    #expect(bench.answers().last?.text?.hasPrefix("T02thread:1;") == true)
  }

  /// A client that only ever says `-` is given up; whatever comes next is a new one.
  @Test func aClientThatNeverUnderstands() {
    #expect(bench.exchange("Hg2") == "OK")
    bench.send([UInt8](repeating: UInt8(ascii: "-"), count: 130))
    bench.drain()
    #expect(bench.answers().count == ClientSession.patience)
    #expect(bench.stub.statistics.dropped == 1)
    #expect(!bench.isAttached)
    expectFresh("given up")
  }

  @Test func eachClientIsCounted() {
    for _ in 0..<3 {
      #expect(bench.exchange("D") == "OK")
      bench.enter(.signal)
    }
    #expect(bench.stub.statistics.sessions == 3)
  }
}
