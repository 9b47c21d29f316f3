import StubSupport
import Testing

@testable import Stub

/// The stub while the machine runs.
@Suite struct RunningTests {
  private let bench = StubBench.attached()

  private func go() {
    #expect(bench.ask("vCont;c").isEmpty)
    #expect(bench.outcome == .resume(ResumePlan(.run, TargetThread(1))))
  }

  @Test func interrupt() {
    go()
    #expect(bench.stub.pollWhileRunning() == .nothing)
    bench.send([0x03])
    #expect(bench.stub.pollWhileRunning() == .stop)
    bench.enter(.signal, signal: .interrupt)
    #expect(bench.answers().first?.text?.hasPrefix("T02thread:1;") == true)
    #expect(bench.stub.pollWhileRunning() == .nothing)
  }

  /// gdb takes the thread of a stop reply for selected, and does not send `Hg` for it.
  @Test func aStopSelectsItsThread() {
    let first = bench.exchange("p0")
    #expect(bench.exchange("Hg2") == "OK")
    let second = bench.exchange("p0")
    #expect(first != second)
    go()
    bench.enter(.signal, signal: .interrupt)
    #expect(bench.answers().count == 1)
    #expect(bench.exchange("p0") == first)
  }

  @Test func interruptAsAPacket() {
    go()
    bench.send(ClientFrame.packet("vCtrlC"))
    #expect(bench.stub.pollWhileRunning() == .stop)
    bench.enter(.signal, signal: .interrupt)
    bench.drain()
    let answers = bench.answers().compactMap(\.text)
    #expect(answers.count == 2)
    #expect(answers.first == "OK")
    #expect(answers.last?.hasPrefix("T02") == true)
  }

  @Test func stopAsAnAction() {
    go()
    bench.send(ClientFrame.packet("vCont;t"))
    #expect(bench.stub.pollWhileRunning() == .stop)
    bench.enter(.signal, signal: .interrupt)
    bench.drain()
    #expect(bench.answers().compactMap(\.text).count == 2)
  }

  @Test func noiseDoesNotStop() {
    go()
    bench.send(Array("+-abc%x#00".utf8) + [0, 0xff])
    #expect(bench.stub.pollWhileRunning() == .nothing)
    #expect(bench.wire.fromStub.isEmpty)
  }

  /// The bytes of a packet may come in as many looks as there are bytes.
  @Test func aPacketInPieces() {
    go()
    for byte in ClientFrame.packet("vCtrlC").dropLast() {
      bench.send([byte])
      #expect(bench.stub.pollWhileRunning() == .nothing)
    }
    bench.send([ClientFrame.packet("vCtrlC").last ?? 0])
    #expect(bench.stub.pollWhileRunning() == .stop)
  }

  @Test func aPacketWhoseEndNeverComes() {
    go()
    bench.send(Array("$vCtr".utf8))
    #expect(bench.stub.pollWhileRunning() == .nothing)
    bench.wire.clock += LinkTime.insidePacketForGood + 1
    #expect(bench.stub.pollWhileRunning() == .nothing)
    #expect(bench.stub.statistics.unfinished == 1)
    bench.send([0x03])
    #expect(bench.stub.pollWhileRunning() == .stop)
  }

  @Test func causes() {
    for (cause, key) in [
      (StopReason.Cause.softwareBreakpoint, "swbreak:;"), (.hardwareBreakpoint, "hwbreak:;"),
      (.watchpoint(.init(kind: .write, address: 0x1234)), "watch:1234;"),
      (.watchpoint(.init(kind: .read, address: 0x1234)), "rwatch:1234;"),
      (.watchpoint(.init(kind: .access, address: .max)), "awatch:ffffffffffffffff;"), (.signal, ""),
      (.step, ""),
    ] {
      go()
      bench.enter(cause)
      #expect(bench.answers().first?.text?.hasPrefix("T05\(key)thread:1;06:") == true, "\(key)")
    }
  }

  @Test func causesForAClientThatDoesNotKnowThem() {
    let bench = StubBench.attached(features: "")
    #expect(bench.ask("c").isEmpty)
    bench.enter(.softwareBreakpoint)
    #expect(bench.answers().first?.text?.hasPrefix("T05thread:1;06:") == true)
  }

  @Test func causesForLLDB() {
    let bench = StubBench.attached(features: "")
    #expect(bench.exchange("QEnableErrorStrings") == "OK")
    for (cause, words) in [
      (StopReason.Cause.softwareBreakpoint, "reason:breakpoint;"), (.step, "reason:trace;"),
      (.watchpoint(.init(kind: .write, address: 1)), "watch:1;reason:watchpoint;"), (.signal, ""),
    ] {
      #expect(bench.ask("c").isEmpty)
      bench.enter(cause)
      #expect(bench.answers().first?.text?.hasPrefix("T05\(words)thread:1;") == true)
    }
  }

  @Test func signals() {
    go()
    bench.enter(.signal, signal: .segmentation)
    #expect(bench.answers().first?.text?.hasPrefix("T0bthread:1;") == true)
    #expect(bench.exchange("?").hasPrefix("T0bthread:1;"))
  }

  /// The target's own words go before the reply, to the console of a client that waits.
  @Test func aStopInWords() {
    bench.machine.stopText = "the kernel stack is not mapped\n"
    go()
    bench.enter(.signal, signal: .abort)
    let answers = bench.answers().compactMap(\.text)
    #expect(answers.count == 2)
    #expect(text(ofHexadecimal: answers.first?.dropFirst() ?? "") == "the kernel stack is not mapped\n")
    #expect(answers.last?.hasPrefix("T06thread:1;") == true)
    // Nobody waits for words in answer to a question.
    #expect(bench.exchange("?").hasPrefix("T06"))
  }

  @Test func nobodyIsToldWhoDoesNotWait() {
    bench.enter(.softwareBreakpoint)
    #expect(bench.answers().isEmpty)
    #expect(bench.exchange("?").hasPrefix("T05"))
  }

  // MARK: Console

  @Test func consoleOutputReachesTheClientThatWaits() {
    #expect(bench.stub.writeConsole(Array("early".utf8).span) == .notAttached)
    go()
    #expect(bench.stub.writeConsole(Array("hello\n".utf8).span) == .sent)
    #expect(bench.answers().compactMap(\.text) == ["O" + hexadecimal("hello\n")])
    #expect(bench.stub.writeConsole(Array("".utf8).span) == .sent)
    #expect(bench.answers().isEmpty)
    let long = [UInt8](repeating: UInt8(ascii: "x"), count: 10_000)
    #expect(bench.stub.writeConsole(long.span) == .sent)
    #expect(
      bench.answers().compactMap(\.text).map { text(ofHexadecimal: $0.dropFirst()) }.joined()
        == String(decoding: long, as: UTF8.self))
    bench.enter(.signal)
    #expect(bench.answers().count == 1)
  }

  /// Without a client a shared line is a console: what is typed is handed on.
  @Test func typedBytes() {
    #expect(bench.exchange("D") == "OK")
    bench.send(Array("ls\r+-".utf8))
    #expect(typed() == Array("ls\r+-".utf8))
    bench.send([0x03])
    #expect(bench.stub.pollWhileRunning() == .stop)
  }

  private func typed() -> [UInt8] {
    var typed: [UInt8] = []
    while case .typed(let byte) = bench.stub.pollWhileRunning() { typed.append(byte) }
    return typed
  }

  /// What looks like a packet is held back until its end shows that it is none.
  @Test(arguments: ["$5 for 3\r", "a$b#c\n", "$x#zz", "+$\n", "++", "+1\n", "%\r", "$$a#1q", "$#\n"])
  func typedLookingLikeAPacket(_ text: String) {
    #expect(bench.exchange("D") == "OK")
    bench.send(Array(text.utf8))
    #expect(typed() == Array(text.utf8))
    #expect(bench.wire.fromStub.isEmpty)
  }

  @Test(arguments: ["+", "$12"])
  func typedInTime(_ text: String) {
    #expect(bench.exchange("D") == "OK")
    bench.send(Array(text.utf8))
    #expect(typed() == [])
    bench.wire.clock += 2 * LinkTime.insidePacket
    #expect(typed() == Array(text.utf8))
    #expect(bench.wire.fromStub.isEmpty)
  }

  @Test func aGreetingIsNotTyped() {
    #expect(bench.exchange("D") == "OK")
    bench.send([UInt8(ascii: "+")] + ClientFrame.packet("qSupported"))
    #expect(bench.stub.pollWhileRunning() == .stop)
    #expect(bench.stub.hasRequest as Bool == true)
    bench.enter(.signal, signal: .interrupt)
    bench.drain()
    #expect(bench.answers().last?.text?.hasPrefix("PacketSize=") == true)
    #expect(bench.stub.hasRequest as Bool == false)
    #expect(bench.exchange("D") == "OK")
    #expect(typed() == [])
  }

  /// A client's first packet that the line spoilt: it is asked for again, and was not typed.
  @Test func aSpoiltFirstPacketIsNotTyped() {
    #expect(bench.exchange("D") == "OK")
    bench.send(Array("$qSupported#00".utf8))
    #expect(typed() == [])
    #expect(bench.wire.fromStub == [UInt8(ascii: "-")])
  }

  @Test func theLastAcknowledgementIsNotTyped() {
    let bench = StubBench()
    #expect(bench.exchange("D") == "OK")
    bench.send(Array("+a".utf8))
    #expect(bench.stub.pollWhileRunning() == .typed(UInt8(ascii: "a")))
    #expect(bench.stub.pollWhileRunning() == .nothing)
  }

  @Test func nothingIsTypedWhileAClientIsAttached() {
    go()
    bench.send(Array("abc".utf8))
    #expect(bench.stub.pollWhileRunning() == .nothing)
  }

  @Test func aPacketOnAConsoleIsAClient() {
    #expect(bench.exchange("D") == "OK")
    bench.send(Array("ls".utf8) + ClientFrame.packet("qSupported"))
    #expect(bench.stub.pollWhileRunning() == .typed(UInt8(ascii: "l")))
    #expect(bench.stub.pollWhileRunning() == .typed(UInt8(ascii: "s")))
    #expect(bench.stub.pollWhileRunning() == .stop)
  }
}
