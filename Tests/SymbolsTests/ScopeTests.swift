import Foundation
import Testing
import X86

@testable import Symbols

/// Functions at an address, inlined ones included.
@Suite struct ScopeTests {
  private static let source = """
    volatile long sink;
    __attribute__((always_inline)) static inline void inner(long value) {
      sink = value;
    }
    __attribute__((always_inline)) static inline void middle(long value) {
      inner(value + 1);
    }
    void start(long value) {
      middle(value);
      sink = 5;
    }
    """

  @Test(arguments: ["gcc", "clang"], ["-gdwarf-4", "-gdwarf-5"])
  func inlinedFunctionsInTheirOrder(_ compiler: String, _ version: String) throws {
    let fixture = try Fixture(Self.source, language: .c, arguments: Fixture.kernelArguments + ["-O1"])
    if compiler == "clang" {
      let arguments = Fixture.kernelArguments.filter { !$0.contains("Ttext") && !$0.contains("mcmodel") }
      try fixture.run(
        "clang", arguments + ["-Wl,-Ttext=0x20000000", "-O1", version, "-o", "program", "source.c"])
    } else {
      try fixture.run("gcc", Fixture.kernelArguments + ["-O1", version, "-o", "program", "source.c"])
    }
    let image = try fixture.image()
    let start = try #require(image.address(of: "start"))
    let section = try #require(image.executableSections.first { $0.holds(start) })
    let all = (start.rawValue..<section.address.rawValue + section.byteCount).compactMap {
      image.scopes(at: VirtualAddress($0))
    }
    let deepest = try #require(all.max { $0.functions.count < $1.functions.count })
    #expect(deepest.functions.map(\.name) == ["inner", "middle", "start"])
    #expect(deepest.functions.map { $0.line?.description } == ["source.c:3", "source.c:6", "source.c:9"])
    #expect(deepest.functions.map(\.isInlined) == [true, true, false])
    #expect(all.contains { $0.functions.map(\.name) == ["start"] && $0.functions[0].line?.line == 10 })
    #expect(deepest.trap == nil)
    #expect(image.scopes(at: VirtualAddress(0x1000)) == nil)
  }

  @Test func namesOfOtherLanguagesAreDemangled() throws {
    let image = try Fixture(
      """
      namespace outer { struct Thing { __attribute__((noinline)) static long twice(long v) { return v + v; } }; }
      extern "C" long start() { return outer::Thing::twice(21); }
      """, language: .cpp, arguments: Fixture.kernelArguments + ["-O1"]
    ).image()
    let twice = try #require(image.address(of: "outer::Thing::twice"))
    #expect(image.scopes(at: twice)?.functions.map(\.name) == ["outer::Thing::twice"])
  }

  @Test func assemblyHasItsSymbolAndLine() throws {
    let image = try Fixture(
      "  .text\n  .globl start\n  .type start, @function\nstart:\n  nop\n  .size start, . - start\n"
    ).image()
    let start = try #require(image.address(of: "start"))
    let function = try #require(image.scopes(at: start)?.functions.first)
    #expect(function.name == "start")
    #expect(function.line?.description == "source.S:5")
  }

  /// The compiler's mark of a trap, made by the compiler itself.
  @Test func aSwiftTrapIsNamed() throws {
    let fixture = try Fixture("", language: .c, arguments: ["-c"])
    try """
    @inline(never) public func sum(_ left: Int, _ right: Int) -> Int { left + right }
    @main struct Main { static func main() { print(sum(CommandLine.arguments.count, 2)) } }
    """.write(to: fixture.directory.appending(path: "trap.swift"), atomically: true, encoding: .utf8)
    try fixture.run("swiftc", ["-O", "-g", "-parse-as-library", "-o", "program", "trap.swift"])
    let image = try fixture.image()
    let sum = try #require(image.address(of: "program.sum"))
    let code = image.bytes(at: sum, count: 64)
    // ud2
    let offset = try #require(code.indices.dropLast().first { code[$0] == 0x0f && code[$0 + 1] == 0x0b })
    let scopes = try #require(image.scopes(at: sum + UInt64(offset)))
    #expect(scopes.trap == "arithmetic overflow")
    #expect(scopes.functions.map(\.name) == ["program.sum(_:_:)"])
    #expect(scopes.functions[0].line?.description == "trap.swift:1")
    #expect(image.scopes(at: sum)?.trap == nil)
  }
}
