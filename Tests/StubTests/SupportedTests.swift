import RemoteProtocol
import StubSupport
import Testing
import X86

@testable import Stub

@Suite struct SupportedTests {
  @Test func everythingThatTheFakeTargetOffers() {
    #expect(
      StubBench().exchange("qSupported:multiprocess+;swbreak+;hwbreak+;xmlRegisters=i386")
        == "PacketSize=1000;QStartNoAckMode+;qXfer:features:read+;qXfer:threads:read+;"
        + "qXfer:memory-map:read+;vContSupported+;binary-upload+;swbreak+;hwbreak+;"
        + "ConditionalBreakpoints+;BreakpointCommands+")
  }

  @Test func causesAreOfferedToClientsThatTakeThem() {
    let reply = StubBench().exchange("qSupported:multiprocess+;swbreak-;hwbreak?")
    #expect(!reply.contains("swbreak"))
    #expect(!reply.contains("hwbreak"))
    #expect(!StubBench().exchange("qSupported").contains("swbreak"))
  }

  @Test(arguments: [
    "qSupported", "qSupported:", "qSupported:;;;", "qSupported:swbreak", "qSupported:error-message",
  ])
  func oddRequests(request: String) { #expect(StubBench().exchange(request).hasPrefix("PacketSize=1000;")) }

  /// A target with the required core only: nothing else is offered, and nothing else is answered.
  @Test func aTargetOfTheCoreAlone() {
    let wire = Wire()
    var stub = Stub(channel: WireChannel(wire), target: BareTarget())
    var reader = AnswerReader()
    func ask(_ request: String) -> String {
      wire.toStub += ClientFrame.packet(request)
      while !wire.isDrained { _ = stub.serveOnce() }
      defer { wire.fromStub.removeAll() }
      return reader.read(wire.fromStub).compactMap(\.text).joined(separator: "|")
    }
    #expect(
      ask("qSupported:swbreak+;hwbreak+")
        == "PacketSize=1000;QStartNoAckMode+;qXfer:features:read+;qXfer:threads:read+;"
        + "vContSupported+;binary-upload+")
    for request in [
      "Z0,1,1", "Z1,1,1", "Z2,1,1", "Z3,1,1", "Z4,1,1", "z0,1,1", "qXfer:memory-map:read::0,10",
      "qMemoryRegionInfo:0", "qRcmd,00", "qqemu.PhyMemMode", "Qqemu.PhyMemMode:1", "vKill;1", "R00", "!",
    ] { #expect(ask(request) == "", "\(request)") }
    #expect(ask("m0,4") == "E0e")
    #expect(ask("p28") == "xxxxxxxxxxxxxxxx")
    // Without the system feature the register after the segments' bases is none.
    #expect(ask("p2a") == "E.no register has that number")
    #expect(!ask("qXfer:features:read:target.xml:0,ffb").contains("org.ringside.system"))
  }

  /// Unknown packets get the empty reply, whatever they are.
  @Test(arguments: [
    "", "vMustReplyEmpty", "qTStatus", "QNonStop:1", "jThreadsInfo", "qRegisterInfo0", "A", "B", "b", "bs",
    "_M10,rwx",
    "qL1", "qfThreadInfo2", "qSupportedX", "vContX", "QListThreadsInStopReply",
    "\u{0}", "q", "Q",
    "v", "i", "r", "t", "qXfer:exec-file:read::0,10", "qOffsets", "vFile:open:", "qCRCx:1,1",
  ])
  func unknownPackets(request: String) { #expect(StubBench.attached().exchange(request) == "") }

  @Test func noAcknowledgements() {
    let bench = StubBench()
    #expect(bench.ask("QStartNoAckMode") == [.acknowledged, .packet(Array("OK".utf8))])
    bench.send([UInt8(ascii: "+")])
    #expect(bench.ask("qC") == [.packet(Array("QC1".utf8))])
  }

  @Test func host() {
    let bench = StubBench.attached()
    let triple = hexadecimal("x86_64-unknown-none")
    #expect(bench.exchange("qHostInfo") == "triple:\(triple);ptrsize:8;endian:little;vm-page-size:4096;")
    #expect(bench.exchange("qProcessInfo") == "triple:\(triple);ptrsize:8;endian:little;pid:1;")
    #expect(bench.exchange("qAttached") == "1")
    #expect(bench.exchange("qAttached:1") == "1")
    #expect(bench.exchange("qSymbol::") == "OK")
  }

  @Test func physicalMemory() {
    let bench = StubBench.attached()
    #expect(bench.exchange("qqemu.PhyMemMode") == "0")
    #expect(bench.exchange("m0,1") == "E0e")
    #expect(bench.exchange("Qqemu.PhyMemMode:1") == "OK")
    #expect(bench.exchange("qqemu.PhyMemMode") == "1")
    #expect(bench.exchange("m0,1") == "00")
    #expect(bench.exchange("m10000,2") == "9090")
    #expect(bench.exchange("M0,3:010203") == "OK")
    #expect(bench.machine.memory.prefix(3) == [1, 2, 3])
    #expect(bench.exchange("m1fffe,10") == "9090")
    #expect(bench.exchange("m20000,1") == "E0e")
    #expect(bench.exchange("Qqemu.PhyMemMode:0") == "OK")
    #expect(bench.exchange("m0,1") == "E0e")
    for request in ["Qqemu.PhyMemMode", "Qqemu.PhyMemMode:", "Qqemu.PhyMemMode:2", "Qqemu.PhyMemMode:1x"] {
      #expect(bench.exchange(request) == "E16", "\(request)")
    }
  }
}

/// Nothing but what is required.
struct BareTarget: DebugTarget {
  static var capabilities: TargetCapabilities { .none }
  static var registerFeatures: RegisterFeatures { .none }
  var currentThread: TargetThread { TargetThread(1) }

  mutating func read(_ register: Register, of thread: TargetThread) -> RegisterValue? { nil }
  mutating func write(
    _ value: RegisterValue, to register: Register, of thread: TargetThread
  ) throws(Refusal) {
    throw Refusal(Refusal.notPermitted, "no")
  }
  mutating func read(
    _ address: UInt64, in space: MemorySpace, into bytes: inout MutableSpan<UInt8>
  ) -> MemoryTransfer { .partial(0, .notMapped, at: address) }
  mutating func write(_ bytes: Span<UInt8>, to address: UInt64, in space: MemorySpace) -> MemoryTransfer {
    .partial(0, .notMapped, at: address)
  }
  mutating func thread(after thread: TargetThread?) -> TargetThread? { thread == nil ? currentThread : nil }
  mutating func writeName<Sink: ByteSink & ~Copyable>(of thread: TargetThread, to sink: inout Sink) {}
  mutating func writeDetails<Sink: ByteSink & ~Copyable>(of thread: TargetThread, to sink: inout Sink) {}
}
