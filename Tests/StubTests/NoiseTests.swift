import StubSupport
import Testing

@testable import Stub

/// A line that loses, changes, doubles and delays bytes.
@Suite struct NoiseTests {
  /// No digit twice: a lost and a doubled one would leave the checksum as it was.
  private static let addresses: [UInt64] = [0x10_2938, 0x10_3a4c, 0x10_45b6, 0x10_5cd2, 0x10_6e78, 0x10_7f29]

  @Test(arguments: [(0.01, UInt64(1)), (0.01, 2), (0.05, 3), (0.05, 4)])
  func aThousandOperationsCompleteCorrectly(probability: Double, seed: UInt64) throws {
    let bench = StubBench()
    let client = RetryingClient(bench, probability, seed: seed)
    var random = Random(seed &+ 77)
    var memory: [UInt64: [UInt8]] = [:]
    for address in Self.addresses { memory[address] = [0x90, 0x90, 0x90, 0x90] }
    var steps: UInt64 = 0
    _ = try client.request("?")
    for _ in 0..<1000 {
      let address = Self.addresses[Int(random.next() % UInt64(Self.addresses.count))]
      switch random.next() % 4 {
      case 0:
        let bytes = (0..<4).map { _ in UInt8(random.next() % 256) }
        try client.write(bytes, address)
        memory[address] = bytes
      case 1:
        try client.step()
        steps += 1
      case 2: #expect(try client.register(0x10) == 0x100000 + steps)
      default: #expect(try client.read(address, 4) == memory[address])
      }
    }
    // The machine itself agrees.
    #expect(bench.machine[.rip] == 0x100000 + steps)
    #expect(bench.machine.instructionsExecuted == Int(steps))
    for address in Self.addresses {
      let place = Int(address - 0x100000) + 0x10000
      #expect(Array(bench.machine.memory[place..<place + 4]) == memory[address])
    }
    #expect(client.retries > (probability < 0.02 ? 100 : 1000))
    #expect(bench.stub.statistics.rejected > 0)
    #expect(bench.stub.statistics.repeated > 0)
  }

  /// Pure noise for as long as one likes: afterwards a client is served.
  @Test(arguments: 0..<20)
  func noiseAlone(seed: UInt64) {
    let bench = StubBench()
    var random = Random(seed)
    for _ in 0..<20 {
      bench.send((0..<500).map { _ in UInt8(random.next() % 256) })
      bench.drain()
      bench.run()
      bench.wait(microseconds: random.next() % 1_000_000)
      bench.run()
    }
    expectService(bench)
  }

  /// The same with frames whose checksums are right and whose payloads make little sense.
  @Test(arguments: 0..<100)
  func wellFramedNonsense(seed: UInt64) {
    let bench = StubBench()
    var random = Random(seed)
    let letters = Array("?gGpPmMxXcsCSzZHTqQv!0123456789abcdef,;:=-*}#$".utf8)
    for _ in 0..<100 {
      var payload: [UInt8] = []
      for _ in 0..<random.next() % 40 {
        payload.append(
          random.next() % 20 == 0 ? UInt8(random.next() % 256) : letters[Int(random.next()) % letters.count])
      }
      for answer in bench.ask(payload) { #expect(answer != .damaged) }
      bench.run()
      for answer in bench.answers() { #expect(answer != .damaged) }
    }
    expectService(bench)
  }

  /// Real packets with one byte wrong, and checksums to match.
  @Test(arguments: 0..<100)
  func almostRightPackets(seed: UInt64) {
    let bench = StubBench()
    var random = Random(seed &+ 500)
    let packets = [
      "qSupported:swbreak+;hwbreak+;error-message+", "g", "p10", "P0=0102030405060708", "m100000,40",
      "M100000,4:01020304",
      "x100000,40", "X100000,4:abcd", "vCont;s:1;c", "vCont;r100000,100010:1;c", "Z0,100010,1;X3,220027",
      "Z0,100010,1;cmds:1,X11,2600002200220034010005256" + "45c6e0027", "z0,100010,1", "Hg1f", "T2",
      "qfThreadInfo",
      "qsThreadInfo", "qThreadExtraInfo,2", "qXfer:features:read:target.xml:0,ffb",
      "qXfer:threads:read::0,ffb",
      "qXfer:memory-map:read::0,ffb", "qMemoryRegionInfo:100000", "qRcmd,6c696e65732033", "qCRC:100000,100",
      "qSearch:memory:100000;100;abc", "Qqemu.PhyMemMode:1", "qqemu.PhyMemMode", "?", "QEnableErrorStrings",
      "vCtrlC",
    ]
    for _ in 0..<200 {
      var payload = Array(packets[Int(random.next() % UInt64(packets.count))].utf8)
      let place = Int(random.next() % UInt64(payload.count))
      switch random.next() % 4 {
      case 0: payload[place] = UInt8(random.next() % 256)
      case 1: payload.remove(at: place)
      case 2: payload.insert(payload[place], at: place)
      default: payload.removeSubrange(place...)
      }
      for answer in bench.ask(payload) { #expect(answer != .damaged) }
      // A plan may say to run for ever.
      bench.send([0x03])
      bench.run()
      for answer in bench.answers() { #expect(answer != .damaged) }
    }
    expectService(bench)
  }

  /// Whatever came before, a client that attaches is served.
  private func expectService(_ bench: StubBench) {
    // What is still on its way may resume the machine, time and again.
    repeat {
      if bench.outcome != nil { bench.enter(.signal) }
      bench.wait(microseconds: 2 * LinkTime.insidePacket)
    } while bench.outcome != nil
    _ = bench.answers()
    bench.send([UInt8(ascii: "+")])
    let answers = bench.ask("qSupported:swbreak+;hwbreak+")
    #expect(answers.last?.text?.hasPrefix("PacketSize=1000") == true)
    bench.send([UInt8(ascii: "+")])
    #expect(bench.ask("m100000,1").last?.text?.count == 2)
    bench.send([UInt8(ascii: "+")])
    #expect(bench.ask("?").last?.text?.hasPrefix("T") == true)
    #expect(bench.machine.breakpoints.isEmpty)
  }
}
