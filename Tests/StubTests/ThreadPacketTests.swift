import StubSupport
import Testing

@testable import Stub

@Suite struct ThreadPacketTests {
  private let bench = StubBench.attached()

  @Test func list() {
    #expect(bench.exchange("qfThreadInfo") == "m1,2,1f")
    #expect(bench.exchange("qsThreadInfo") == "l")
    #expect(bench.exchange("qsThreadInfo") == "l")
  }

  @Test func aListThatTakesSeveralPackets() {
    bench.machine.threadNumbers = Array(0x1000_0000...0x1000_0000 + 1000)
    var listed: [UInt64] = []
    var reply = bench.exchange("qfThreadInfo")
    var packets = 0
    while reply.hasPrefix("m"), packets < 100 {
      #expect(reply.utf8.count <= 4096)
      listed += reply.dropFirst().split(separator: ",").compactMap { UInt64($0, radix: 16) }
      reply = bench.exchange("qsThreadInfo")
      packets += 1
    }
    #expect(reply == "l")
    #expect(packets > 1)
    #expect(listed == bench.machine.threadNumbers)
  }

  @Test func current() {
    #expect(bench.exchange("qC") == "QC1")
    #expect(bench.exchange("Hg1f") == "OK")
    #expect(bench.exchange("qC") == "QC1f")
  }

  @Test func alive() {
    #expect(bench.exchange("T1") == "OK")
    #expect(bench.exchange("T1f") == "OK")
    #expect(bench.exchange("Tp1.2") == "OK")
    #expect(bench.exchange("T3") == "E.no such thread")
    #expect(bench.exchange("Tffffffffffffffff") == "E.no such thread")
    #expect(bench.exchange("T0") == "E.no such thread")
  }

  @Test func select() {
    #expect(bench.exchange("Hg2") == "OK")
    #expect(bench.exchange("p0") == "0020000000000000")
    #expect(bench.exchange("Hgp1.1f") == "OK")
    #expect(bench.exchange("p0") == "00f0010000000000")
    #expect(bench.exchange("Hg-1") == "OK")
    #expect(bench.exchange("p0") == "0010000000000000")
    #expect(bench.exchange("Hg3") == "E.no such thread")
    #expect(bench.exchange("Hx1") == "")
  }

  @Test(arguments: [
    "H", "Hg", "Hgx", "Hg1x", "T", "Tx", "T1;", "qThreadExtraInfo", "qThreadExtraInfo,", "qThreadExtraInfo,x",
  ])
  func malformed(request: String) { #expect(bench.exchange(request) == "E16") }

  @Test func describe() {
    #expect(text(ofHexadecimal: bench.exchange("qThreadExtraInfo,1")) == "boot running")
    #expect(text(ofHexadecimal: bench.exchange("qThreadExtraInfo,1f")) == "<odd> & \"name\" }*#$ waiting")
    #expect(bench.exchange("qThreadExtraInfo,3") == "E.no such thread")
  }

  /// After a stop the thread that stopped is the one that is meant again, as gdb expects.
  @Test func aStopNamesItsThread() {
    #expect(bench.ask("vCont;c").isEmpty)
    bench.machine.current = TargetThread(2)
    bench.enter(.softwareBreakpoint)
    #expect(bench.answers().first?.text?.hasPrefix("T05swbreak:;thread:2;06:") == true)
    #expect(bench.exchange("qC") == "QC2")
  }
}
