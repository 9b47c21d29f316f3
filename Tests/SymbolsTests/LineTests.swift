import Symbols
import Testing
import X86

/// Source lines from DWARF.
@Suite struct LineTests {
  private static let source = """
    __attribute__((noinline)) long twice(long value) {
      return value + value;
    }

    long start(void) {
      return twice(21);
    }
    """

  @Test func anAddressGivesItsLine() throws {
    let image = try Fixture(Self.source, language: .c, arguments: Fixture.kernelArguments + ["-O1"]).image()
    let twice = try #require(image.address(of: "twice"))
    #expect(image.line(at: twice)?.description == "source.c:2", "the last of several rows at one address")
    let start = try #require(image.address(of: "start"))
    #expect(image.line(at: start)?.line == 6)
    #expect(image.line(at: start)?.file.hasSuffix("source.c") == true)
    #expect(image.line(at: VirtualAddress(0x1000)) == nil)
    #expect(image.line(at: VirtualAddress(.max)) == nil)
  }

  @Test func aLineGivesItsAddress() throws {
    let image = try Fixture(Self.source, language: .c, arguments: Fixture.kernelArguments + ["-O1"]).image()
    let twice = try #require(image.address(of: "twice"))
    let start = try #require(image.address(of: "start"))
    #expect(image.places(file: "source.c", line: 2).map(\.address) == [twice])
    #expect(image.places(file: "source.c", line: 4).map(\.line.line) == [5], "the next line with code")
    let place = try #require(image.places(file: "source.c", line: 6).first)
    #expect(place.address >= start && image.line(at: place.address)?.line == 6)
    #expect(image.places(file: place.line.file, line: 2).map(\.address) == [twice], "by the whole path")
    for (file, line) in [("source.c", 0), ("source.c", 100), ("ource.c", 2), ("", 2), ("source.c", Int.max)] {
      #expect(image.places(file: file, line: line).isEmpty)
    }
  }

  /// Clang writes no .debug_aranges, and DWARF 4 and 5 keep their ranges in different sections.
  @Test(arguments: ["-gdwarf-4", "-gdwarf-5"]) func linesDoNotNeedAddressRangeTables(_ version: String) throws
  {
    let fixture = try Fixture(
      Self.source, language: .c, arguments: Fixture.kernelArguments + ["-O1", version])
    try fixture.run("objcopy", ["--remove-section=.debug_aranges", "program"])
    let image = try fixture.image()
    let twice = try #require(image.address(of: "twice"))
    #expect(image.line(at: twice)?.line == 2)
  }

  @Test func assemblyHasLinesToo() throws {
    let image = try Fixture(
      """
        .text
        .globl start
      start:
        nop
        iretq
      """
    ).image()
    let start = try #require(image.address(of: "start"))
    #expect(image.line(at: start)?.description == "source.S:4")
    #expect(image.line(at: start + 1)?.description == "source.S:5")
  }

  @Test func withoutDebuggingInformationThereIsNone() throws {
    let image = try Fixture(
      Self.source, language: .c, arguments: Fixture.kernelArguments + ["-g0"]
    ).image()
    #expect(image.line(at: image.entry) == nil)
  }
}
