import Foundation
import Testing

/// The fuzzer's corpus, replayed. An input that once broke something belongs into it.
@Suite struct ReplayTests {
  private static let corpus = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "Corpus/RemoteProtocol")

  private static func names() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: corpus.path).sorted()
  }

  private func input(_ name: String) throws -> [UInt8] {
    Array(try Data(contentsOf: Self.corpus.appending(path: name)))
  }

  @Test func theCorpusIsThere() throws { #expect(try Self.names().count >= 20) }

  @Test(arguments: try names())
  func everyInputKeepsTheProperties(name: String) throws {
    #expect(brokenProtocolProperty(of: try input(name)) == nil)
  }

  /// Cut short, as a line that goes dead leaves it.
  @Test(arguments: try names())
  func everyStartOfAnInputKeepsTheProperties(name: String) throws {
    let input = try input(name)
    for length in stride(from: 0, to: min(input.count, 200), by: 3) {
      #expect(brokenProtocolProperty(of: Array(input.prefix(length))) == nil, "\(length) bytes")
    }
  }

  /// One bit wrong, as a bad line delivers it: the bits are chosen by a fixed sequence.
  @Test(arguments: try names())
  func everyDamagedInputKeepsTheProperties(name: String) throws {
    let input = try input(name)
    var state: UInt64 = 1
    for _ in 0..<20 where !input.isEmpty {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      var damaged = input
      damaged[Int(state >> 33) % input.count] ^= 1 << UInt8(state >> 30 & 7)
      #expect(brokenProtocolProperty(of: damaged) == nil, "\(damaged)")
    }
  }
}
