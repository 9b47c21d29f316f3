import Testing
import X86

@testable import Core

@Suite struct ExecTests {
  private let kernel: TestKernel
  private let index: Int
  private let path: UInt64 = 0x1000_2800

  init() throws {
    kernel = try TestKernel()
    index = try kernel.start()
  }

  private func exec(_ name: String) -> SystemCallOutcome {
    kernel.poke(Array(name.utf8) + [0], at: path, of: index)
    return kernel.call(.exec, path, by: index)
  }

  @Test func startsTheNewProgram() throws {
    let before = kernel.freeCount
    let stack = try #require(kernel.process(index)?.stack)
    let root = kernel.space(index).tables.root
    kernel.poke("rests of the old one", at: 0x1000_3000, of: index)
    #expect(exec("/bin/other") == .started(entry: 0x1000_0001, stackPointer: 0x7fff_f000_0000))
    #expect(kernel.peek(2, at: 0x1000_0000, of: index) == [0x90, 0x90])
    #expect(kernel.peek(20, at: 0x1000_3000, of: index) == Array(repeating: 0, count: 20))
    // The same process on the same table and the same kernel stack.
    #expect(kernel.id(index) == 1)
    #expect(kernel.space(index).tables.root == root)
    #expect(kernel.holdings(root, [402]).leaves == (0..<4).map { stack.frames[$0].number })
    #expect(kernel.freeCount == before)
    kernel.expectBalancedBooks()
  }

  @Test func theOldStackIsGone() {
    kernel.poke("secret", at: 0x7fff_efff_fff0, of: index)
    #expect(exec("program") == .started(entry: 0x1000_0000, stackPointer: 0x7fff_f000_0000))
    #expect(kernel.peek(6, at: 0x7fff_efff_fff0, of: index) == Array(repeating: 0, count: 6))
  }

  private static let refused: [(String, SystemError)] = [
    ("/absent", .noSuchFile), ("", .noSuchFile), ("/", .noSuchFile), ("bin", .noSuchFile),
    ("TRAILER!!!", .noSuchFile), ("text", .executableFormat), ("empty", .executableFormat),
    ("damaged", .executableFormat), (String(repeating: "n", count: 128), .nameTooLong),
    (String(repeating: "n", count: 127), .noSuchFile),
  ]

  /// A program that cannot be started leaves the caller as it was, to the last entry of its tables.
  @Test(arguments: refused)
  func failureLeavesTheCallerAsItWas(name: String, error: SystemError) {
    kernel.poke(Array(name.utf8) + [0], at: path, of: index)
    let root = kernel.space(index).tables.root
    let before = (kernel.freeCount, kernel.ram[root], kernel.holdings(root, 0..<512), userMemory())
    #expect(kernel.call(.exec, path, by: index) == .complete(error.result))
    #expect(kernel.freeCount == before.0)
    #expect(kernel.space(index).tables.root == root)
    #expect(kernel.ram[root] == before.1)
    #expect(kernel.holdings(root, 0..<512) == before.2)
    #expect(userMemory() == before.3)
    #expect(kernel.state(index) == .ready)
    kernel.expectBalancedBooks()
  }

  private func userMemory() -> [[UInt64]] {
    kernel.holdings(kernel.space(index).tables.root, 0..<256).leaves.map {
      kernel.ram[PhysicalFrame(number: $0)]
    }
  }

  @Test func aPathMayCrossPages() {
    kernel.poke(Array("bin/other".utf8) + [0], at: 0x1000_2ffb, of: index)
    #expect(
      kernel.call(.exec, 0x1000_2ffb, by: index)
        == .started(entry: 0x1000_0001, stackPointer: 0x7fff_f000_0000))
  }

  @Test(arguments: [0, 0x6000_0000, 0xffff_8000_0000_0000, 0xffff_c900_0000_1000, .max] as [UInt64])
  func aBadPathIsABadAddress(address: UInt64) {
    #expect(kernel.call(.exec, address, by: index) == .complete(SystemError.badAddress.result))
    kernel.expectBalancedBooks()
  }

  @Test func aPathWithoutAnEndIsABadAddress() {
    // The last bytes that are mapped, and no zero among them.
    kernel.poke("program", at: 0x1000_3ff9, of: index)
    #expect(kernel.call(.exec, 0x1000_3ff9, by: index) == .complete(SystemError.badAddress.result))
  }
}
