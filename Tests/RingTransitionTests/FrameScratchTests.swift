import RingTransition
import Testing

@Suite struct FrameScratchTests {
  @Test func keysAreFoundAgainUntilThreeQuartersAreTaken() {
    var scratch = FixedFrameScratch<64>()
    var random = SeededGenerator(seed: 1)
    let keys = (0..<48).map { _ in random.next() | 1 }
    var answers = keys.map { scratch.insert($0) }
    #expect(answers.allSatisfy { $0 == .added })
    answers = keys.map { scratch.insert($0) }
    #expect(answers.allSatisfy { $0 == .known })
    let found = keys.map { scratch.contains($0) }
    #expect(found.allSatisfy { $0 })
    let answer = scratch.insert(random.next() | 1)
    #expect(answer == .full)
    let isFound = scratch.contains(2)
    #expect(!isFound)
    var stored: Set<UInt64> = []
    for position in 0..<scratch.positionCount { stored.insert(scratch.key(at: position)) }
    #expect(stored.subtracting([0]) == Set(keys))
  }

  @Test func noRoomAtAll() {
    var scratch = FixedFrameScratch<0>()
    let (answer, isFound, key) = (scratch.insert(1), scratch.contains(1), scratch.key(at: 0))
    #expect(answer == .full)
    #expect(!isFound)
    #expect(key == 0)
  }
}
