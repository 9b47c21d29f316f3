import Testing
import X86

@testable import Core

@Suite struct CpioArchiveTests {
  private static let base: UInt64 = 0x30_0000

  /// The contents of `name` in `archive`, nil when it is not found.
  private func contents(_ name: String, in archive: [UInt8]) -> [UInt8]? {
    var memory = FakeMemory(archive, at: Self.base)
    let bytes = PhysicalBytes(
      start: PhysicalAddress(truncating: Self.base), byteCount: UInt64(archive.count))
    var file = FileName()
    for byte in name.utf8 { file.append(byte) }
    guard let found = CpioArchive(bytes).file(named: file, memory: &memory) else { return nil }
    return (0..<found.byteCount).map { found.byte($0, memory: &memory)! }
  }

  /// Names and contents of every length modulo four.
  private static let archive = CpioImage([
    (".", []), ("a", [1]), ("bb", [2, 2]), ("ccc", [3, 3, 3]), ("dir/file", Array("in a directory".utf8)),
    ("empty", []), ("./dotted", [4]), ("/rooted", [5]), ("last", Array(0...255)),
  ]).ended

  @Test func findsEveryFile() {
    #expect(contents("a", in: Self.archive) == [1])
    #expect(contents("bb", in: Self.archive) == [2, 2])
    #expect(contents("ccc", in: Self.archive) == [3, 3, 3])
    #expect(contents("dir/file", in: Self.archive) == Array("in a directory".utf8))
    #expect(contents("last", in: Self.archive) == Array(0...255))
  }

  @Test func anEmptyFileIsAFile() { #expect(contents("empty", in: Self.archive) == []) }

  @Test(arguments: ["", "/", "./", ".//", "/./", "././"])
  func prefixesCountOnNeitherSide(prefix: String) {
    #expect(contents(prefix + "a", in: Self.archive) == [1])
    #expect(contents(prefix + "dotted", in: Self.archive) == [4])
    #expect(contents(prefix + "rooted", in: Self.archive) == [5])
    #expect(contents(prefix + "dir/file", in: Self.archive) == Array("in a directory".utf8))
  }

  @Test(arguments: [
    "", "/", "./", "b", "aa", "bbb", "A", "dir", "dir/", "dir//file", "file", "../a", ".a", "a/", "lastt",
    "TRAILER!!!",
  ])
  func findsNothingElse(name: String) { #expect(contents(name, in: Self.archive) == nil) }

  @Test func theFirstOfTwoOfOneNameCounts() {
    #expect(contents("x", in: CpioImage([("x", [1]), ("x", [2])]).ended) == [1])
  }

  @Test func digitsMayBeOfEitherCase() {
    let contents = [UInt8](repeating: 9, count: 0xabc)
    for uppercase in [false, true] {
      let archive = CpioImage([("x", contents), ("y", [1])], uppercaseDigits: uppercase).ended
      #expect(self.contents("x", in: archive) == contents)
      #expect(self.contents("y", in: archive) == [1])
    }
  }

  @Test func namesHaveALimit() {
    let fits = String(repeating: "n", count: FileName.capacity)
    let archive = CpioImage([(fits + "n", [1]), (fits, [2]), ("after", [3])]).ended
    #expect(contents(fits, in: archive) == [2])
    #expect(contents("after", in: archive) == [3])
    var name = FileName()
    for _ in 0..<FileName.capacity { name.append(0x6e) }
    let appended = name.append(0x6e)
    #expect(!appended)
    #expect(name.count == FileName.capacity)
  }

  @Test func anEmptyOrForeignArchiveHoldsNothing() {
    #expect(contents("a", in: []) == nil)
    #expect(contents("a", in: [UInt8](repeating: 0, count: 512)) == nil)
    // The old portable format.
    #expect(contents("a", in: Array("070707".utf8) + Self.archive.dropFirst(6)) == nil)
  }

  /// Cut anywhere, the archive gives up a file whole or not at all, and never reads past its end.
  @Test func truncationNeverGivesHalfAFile() {
    let archive = CpioImage([("one", Array("first".utf8)), ("two", Array("second".utf8))]).bytes
    var found: [Int] = []
    for length in 0...archive.count {
      let cut = Array(archive.prefix(length))
      let one = contents("one", in: cut)
      let two = contents("two", in: cut)
      #expect(one == nil || one == Array("first".utf8))
      #expect(two == nil || two == Array("second".utf8))
      found.append((one == nil ? 0 : 1) + (two == nil ? 0 : 1))
    }
    #expect(found == found.sorted())
    #expect(found.last == 2)
    #expect(found.filter { $0 == 1 }.count > 110)
  }

  @Test(arguments: [54, 61, 94, 101])
  func badDigitsEndTheArchive(position: Int) {
    var archive = Self.archive
    for bad in [UInt8(ascii: "g"), UInt8(ascii: "G"), UInt8(ascii: " "), 0, 0xff] {
      archive[position] = bad
      #expect(contents("a", in: archive) == nil)
    }
  }

  @Test func sizesBeyondTheEndAreDamage() {
    for field in [54, 94] {
      var archive = Self.archive
      archive.replaceSubrange(field..<(field + 8), with: "ffffffff".utf8)
      #expect(contents("a", in: archive) == nil)
    }
    // A name needs at least its terminator.
    var archive = Self.archive
    archive.replaceSubrange(94..<102, with: "00000000".utf8)
    #expect(contents("a", in: archive) == nil)
  }
}
