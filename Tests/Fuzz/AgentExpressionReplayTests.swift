import Foundation
import Testing

/// Expressions and packet tails, replayed whole, cut and damaged. An input that once broke something belongs into the
/// folder.
@Suite struct AgentExpressionReplayTests {
  private static let corpus = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "Corpus/AgentExpression")

  private static func names() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: corpus.path).sorted()
  }

  private func input(_ name: String) throws -> [UInt8] {
    Array(try Data(contentsOf: Self.corpus.appending(path: name)))
  }

  @Test func theCorpusIsThere() throws { #expect(try Self.names().count >= 30) }

  @Test(arguments: try names())
  func everyInputKeepsTheProperties(name: String) throws {
    let input = try input(name)
    for length in 0...input.count {
      #expect(brokenAgentProperty(of: Array(input.prefix(length))) == nil, "\(length) bytes")
    }
  }

  /// One byte wrong, as a bad line delivers it; which one and how is chosen by a fixed sequence.
  @Test(arguments: try names())
  func everyDamagedInputKeepsTheProperties(name: String) throws {
    let input = try input(name)
    var state: UInt64 = 1
    for _ in 0..<100 where !input.isEmpty {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      var damaged = input
      damaged[Int(state >> 33) % input.count] ^= UInt8(truncatingIfNeeded: state >> 25)
      #expect(brokenAgentProperty(of: damaged) == nil, "\(damaged)")
    }
  }
}
