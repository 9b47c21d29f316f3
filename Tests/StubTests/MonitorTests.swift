import StubSupport
import Testing

@testable import Stub

@Suite struct MonitorTests {
  private let bench = StubBench.attached()

  private func monitor(_ command: String) -> (output: String, reply: String?) {
    let packets = bench.ask("qRcmd,\(hexadecimal(command))").compactMap(\.text)
    return (
      packets.dropLast().map { text(ofHexadecimal: $0.dropFirst()) }.joined(), packets.last
    )
  }

  @Test func aCommandAndItsOutput() {
    let (output, reply) = monitor("lines 2")
    #expect(output == "line 0 of many\nline 1 of many\n")
    #expect(reply == "OK")
    #expect(bench.machine.monitorCommands == ["lines 2"])
  }

  @Test func noOutput() {
    #expect(bench.exchange("qRcmd,\(hexadecimal("quiet"))") == "OK")
  }

  /// The output goes out while the command runs, in packets that every client takes.
  @Test func muchOutput() {
    let packets = bench.ask("qRcmd,\(hexadecimal("lines 1000"))").compactMap(\.text)
    #expect(packets.count > 10)
    #expect(packets.allSatisfy { $0.utf8.count <= 4096 })
    let output = packets.dropLast().map { text(ofHexadecimal: $0.dropFirst()) }.joined()
    #expect(output == (0..<1000).map { "line \($0) of many\n" }.joined())
  }

  @Test func aRefusalIsShown() {
    let (output, reply) = monitor("nonsense")
    #expect(output == "unknown command\n")
    #expect(reply == "E16")
  }

  @Test func whatACommandIsTold() {
    #expect(bench.exchange("Hg2") == "OK")
    #expect(monitor("thread").output == "thread 2\n")
    // qSupported, QStartNoAckMode, Hg, qRcmd, and this one.
    #expect(monitor("stats").output == "5 packets\n")
  }

  @Test(arguments: ["qRcmd", "qRcmd;00", "qRcmd,0", "qRcmd,zz", "qRcmd,717"])
  func malformed(request: String) { #expect(bench.exchange(request) == "E16") }

  @Test func tooLong() {
    #expect(bench.exchange("qRcmd," + String(repeating: "20", count: 1025)) == "E16")
    #expect(bench.machine.monitorCommands.isEmpty)
    #expect(monitor(String(repeating: " ", count: 1019) + "quiet").reply == "OK")
  }

  /// With acknowledgements, each packet of output is acknowledged, and sent again when it arrived damaged.
  @Test func outputOnALineWithAcknowledgements() {
    let bench = StubBench()
    #expect(bench.exchange("?").hasPrefix("T05"))
    var seen: [String] = []
    var reader = AnswerReader()
    var refused = false
    bench.wire.onPause = {
      guard !bench.wire.fromStub.isEmpty else { return }
      for case .packet(let bytes) in reader.read(bench.wire.fromStub) {
        seen.append(String(decoding: bytes, as: UTF8.self))
        bench.send([UInt8(ascii: refused ? "+" : "-")])
        refused = true
      }
      bench.wire.fromStub.removeAll()
    }
    bench.send(ClientFrame.packet("qRcmd,\(hexadecimal("lines 60"))"))
    bench.drain()
    bench.drain()
    let output = seen.dropFirst().dropLast().map { text(ofHexadecimal: $0.dropFirst()) }.joined()
    #expect(output == (0..<60).map { "line \($0) of many\n" }.joined())
    #expect(seen[0] == seen[1])
    #expect(seen.last == "OK")
    #expect(bench.stub.statistics.repeated == 1)
  }

  /// A client that acknowledges only with its next request is waited for once.
  @Test func aClientThatAcknowledgesLate() {
    let bench = StubBench()
    #expect(bench.exchange("?").hasPrefix("T05"))
    let start = bench.wire.clock
    let packets = bench.ask("qRcmd,\(hexadecimal("lines 1000"))").compactMap(\.text)
    #expect(packets.last == "OK")
    #expect(packets.count > 10)
    #expect(bench.wire.clock - start < 2 * LinkTime.consoleAcknowledgement)
  }
}

@Suite struct SearchTests {
  private let bench = StubBench.attached()

  /// As gdb computes it: `compare-sections` of bytes whose sum is known.
  @Test func checksum() {
    bench.machine.write(Array("123456789".utf8), at: 0x100000)
    // CRC-32/MPEG-2 of "123456789".
    #expect(bench.exchange("qCRC:100000,9") == "C376e6e7")
    #expect(bench.exchange("qCRC:100000,0") == "Cffffffff")
  }

  @Test func checksumOfManyPieces() {
    var crc = CyclicRedundancyCheck()
    let bytes = (0..<5000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    bench.machine.write(bytes, at: 0x100000)
    crc.update(bytes.span)
    #expect(bench.exchange("qCRC:100000,1388") == "C" + String(crc.value, radix: 16))
  }

  @Test func checksumErrors() {
    #expect(bench.exchange("qCRC:110000,10") == "E0e")
    #expect(bench.exchange("qCRC:10fff0,20") == "E0e")
    #expect(bench.exchange("qCRC:0,ffffffffff") == "E16")
    for request in ["qCRC", "qCRC:", "qCRC:1", "qCRC:1,", "qCRC:1,1,"] {
      #expect(bench.exchange(request) == "E16", "\(request)")
    }
  }

  private func search(_ address: String, _ count: String, _ pattern: [UInt8]) -> String {
    bench.exchange(Array("qSearch:memory:\(address);\(count);".utf8) + pattern)
  }

  @Test func find() {
    bench.machine.write(Array("needle".utf8), at: 0x100123)
    #expect(search("100000", "1000", Array("needle".utf8)) == "1,100123")
    #expect(search("100123", "6", Array("needle".utf8)) == "1,100123")
    #expect(search("100123", "5", Array("needle".utf8)) == "0")
    #expect(search("100124", "1000", Array("needle".utf8)) == "0")
    #expect(search("100000", "0", Array("needle".utf8)) == "0")
  }

  @Test func findBinary() {
    let pattern: [UInt8] = [0, 0x23, 0x24, 0x7d, 0x2a, 0xff, 0x3b]
    bench.machine.write(pattern, at: 0x100777)
    #expect(search("100000", "1000", pattern) == "1,100777")
  }

  /// Wherever the pattern lies over the edges of the pieces that are read.
  @Test func findAcrossPieces() {
    for start in stride(from: UInt64(0x100000 + 1000), to: 0x100000 + 2100, by: 1) {
      bench.machine.write(Array("needle".utf8), at: start)
      #expect(search("100000", "2000", Array("needle".utf8)) == "1,\(String(start, radix: 16))")
      bench.machine.write([UInt8](repeating: 0x90, count: 6), at: start)
    }
  }

  @Test func findUpToTheEndOfMemory() {
    bench.machine.write(Array("end".utf8), at: 0x10fffd)
    #expect(search("10ff00", "1000", Array("end".utf8)) == "1,10fffd")
    #expect(search("10ff00", "1000", Array("not".utf8)) == "E0e")
    #expect(search("110000", "1000", Array("not".utf8)) == "E0e")
  }

  @Test func theLongestPattern() {
    let pattern = (0..<512).map { UInt8(truncatingIfNeeded: $0 % 13) }
    bench.machine.write(pattern, at: 0x100900)
    #expect(search("100000", "2000", pattern) == "1,100900")
    #expect(search("100000", "2000", pattern + [1]) == "E16")
  }

  @Test func malformed() {
    for request in [
      "qSearch", "qSearch:memory", "qSearch:memory:", "qSearch:memory:1", "qSearch:memory:1;1",
      "qSearch:memory:1;1;", "qSearch:memory:x;1;a", "qSearch:other:1;1;a", "qSearch:memory:1;ffffffffff;a",
    ] { #expect(bench.exchange(request) == "E16", "\(request)") }
  }

  @Test func anInterruptEndsALongSearch() {
    bench.send(ClientFrame.packet("qCRC:100000,10000") + [0x03])
    bench.drain()
    #expect(bench.answers().compactMap(\.text) == ["E04"])
    #expect(bench.exchange("qCRC:100000,0") == "Cffffffff")
  }
}

@Suite struct RegionTests {
  private let bench = StubBench.attached()

  @Test func regions() {
    let name = hexadecimal("program")
    #expect(
      bench.exchange("qMemoryRegionInfo:100123") == "start:100000;size:10000;permissions:rx;name:\(name);")
    #expect(bench.exchange("qMemoryRegionInfo:0") == "start:0;size:100000;")
    #expect(
      bench.exchange("qMemoryRegionInfo:ffffffffffffffff") == "start:110000;size:ffffffffffef0000;")
  }

  @Test(arguments: ["qMemoryRegionInfo", "qMemoryRegionInfo:", "qMemoryRegionInfo:x", "qMemoryRegionInfo:1,"])
  func malformed(request: String) { #expect(bench.exchange(request) == "E16") }
}
