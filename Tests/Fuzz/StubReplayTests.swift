import Foundation
import StubSupport
import Testing

/// What clients say, line by line, replayed to a whole stub: as it is, cut and damaged. An input that once broke
/// something belongs into the folder.
@Suite struct StubReplayTests {
  private static let corpus = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "Corpus/Stub")

  private static func names() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: corpus.path).sorted()
  }

  private func input(_ name: String) throws -> [UInt8] {
    Array(try Data(contentsOf: Self.corpus.appending(path: name)))
  }

  @Test func theCorpusIsThere() throws { #expect(try Self.names().count >= 25) }

  @Test(arguments: try names())
  func everyInputKeepsTheProperties(name: String) throws {
    #expect(brokenStubProperty(of: try input(name)) == nil)
  }

  /// One byte wrong, or what follows it lost; which one and how is chosen by a fixed sequence.
  @Test(arguments: try names())
  func everyDamagedInputKeepsTheProperties(name: String) throws {
    let input = try input(name)
    var state: UInt64 = 1
    for _ in 0..<4 where !input.isEmpty {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let place = Int(state >> 33) % input.count
      var damaged = input
      damaged[place] ^= UInt8(truncatingIfNeeded: state >> 25)
      #expect(brokenStubProperty(of: damaged) == nil, "\(damaged)")
      #expect(brokenStubProperty(of: Array(input.prefix(place))) == nil, "\(place) bytes")
    }
  }
}
