import StubSupport
import Testing

/// The properties for which the fuzzer looks, on inputs of a fixed sequence.
@Suite struct HarnessTests {
  @Test(arguments: [
    "", "D", "k", "vCont;c", "vCont;s:1\nvCont;s:1", "QStartNoAckMode\nQStartNoAckMode\n?", "R00", "vCtrlC",
    "Qqemu.PhyMemMode:1\nm0,1000\nx0,2000", "Z0,100001,1;X3,220027\nvCont;c", "qRcmd,6c696e657320333030",
    "vCont;r100000,100100:1;c\nk", "c\nc\nc\nD\nc", "Z1,100004,1\nvCont;c\n\u{3}",
    "qCRC:100000,10000\n\u{3}\ng",
  ])
  func requests(text: String) { #expect(brokenStubProperty(of: Array(text.utf8)) == nil) }

  @Test(arguments: 0..<60)
  func sequences(seed: UInt64) {
    var random = Random(seed &+ 9000)
    let words = [
      "qSupported:swbreak+", "QStartNoAckMode", "?", "g", "G", "p10", "P0=00", "m100000,", "M100000,2:0000",
      "x0,0",
      "x100000,800", "X100000,3:abc", "vCont;", "s", "c", ":1", "Z0,100002,1", "z0,100002,1", ";X3,220027",
      "Hg2", "T1",
      "qXfer:features:read:target.xml:0,", "fff", "0", "\n", "\n", "\n", "$", "#", "+", "-", "}", "*",
      "\u{3}", "D", "k",
    ]
    var bytes: [UInt8] = []
    for _ in 0..<60 {
      if random.next() % 8 == 0 {
        bytes.append(UInt8(random.next() % 256))
      } else {
        bytes += Array(words[Int(random.next() % UInt64(words.count))].utf8)
      }
    }
    #expect(brokenStubProperty(of: bytes) == nil, "\(bytes)")
  }
}
