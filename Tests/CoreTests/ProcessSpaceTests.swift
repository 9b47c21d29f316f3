import Testing
import X86

@testable import Core

@Suite struct ProcessSpaceTests {
  private let kernel: TestKernel
  private let index: Int

  init() throws {
    kernel = try TestKernel()
    index = try kernel.start()
  }

  private var root: PhysicalFrame { kernel.space(index).tables.root }

  @Test func theUpperHalfIsTheKernelsButForOneEntry() {
    let shared = (256..<512).filter { kernel.rootEntry($0, kernel.kernelRoot) != 0 }
    #expect(shared == [256, 402, 403, 511])
    for entry in 256..<512 where entry != 402 {
      #expect(kernel.rootEntry(entry, root) == kernel.rootEntry(entry, kernel.kernelRoot))
    }
    #expect(kernel.rootEntry(402, root) != 0)
    #expect(kernel.rootEntry(402, root) != kernel.rootEntry(402, kernel.kernelRoot))
    let own = kernel.holdings(root, [402])
    let kernels = kernel.holdings(kernel.kernelRoot, [402])
    #expect(Set(own.tables).isDisjoint(with: kernels.tables))
  }

  @Test func theKernelsTableHasNoLowerHalf() {
    #expect((0..<256).allSatisfy { kernel.rootEntry($0, kernel.kernelRoot) == 0 })
  }

  @Test func theUserStackStandsAlone() {
    let top: UInt64 = 0x7fff_f000_0000
    for page in 1...16 as ClosedRange<UInt64> {
      let walk = kernel.walk(top - page * 4096, of: index)
      #expect(walk.rights == PageRights(isWritable: true, isUser: true, isExecutable: false))
      #expect(kernel.ram[walk[3].entry.frame] == Array(repeating: 0, count: 512))
    }
    #expect(kernel.walk(top - 17 * 4096, of: index).physicalAddress == nil)
    #expect(kernel.walk(top, of: index).physicalAddress == nil)
  }

  @Test func destroyGivesBackAllButTheKernels() throws {
    kernel.expectBalancedBooks()
    let tables = kernel.holdings(kernel.kernelRoot, 256..<512).tables
    kernel.system.releaseMemory(of: index)
    kernel.expectBalancedBooks()
    #expect(kernel.holdings(kernel.kernelRoot, 256..<512).tables == tables)
    #expect(kernel.holdings(kernel.kernelRoot, [402]).leaves.isEmpty)
    #expect(kernel.freeCount == kernel.managedCount - 1 - tables.count)
  }
}

@Suite struct ForkedSpaceTests {
  private let kernel: TestKernel
  private let parent: Int
  private let child: Int

  init() throws {
    kernel = try TestKernel()
    parent = try kernel.start()
    kernel.poke("parent's own", at: 0x1000_2ffc, of: parent)
    // What the processor writes into entries is no right, and must not be copied.
    let walk = kernel.walk(0x1000_2000, of: parent)
    kernel.ram.store(
      walk[3].entry.rawValue | PageTableEntry.processorWritten.rawValue, at: walk[3].entryAddress)
    child = try #require(kernel.fork(parent))
  }

  private func pages(_ index: Int) -> [UInt64: PageTableEntry] {
    var pages: [UInt64: PageTableEntry] = [:]
    for first in [0x1000_0000, 0x7fff_efff_0000] as [UInt64] {
      for number in 0..<16 as Range<UInt64> {
        let walk = kernel.walk(first + number * 4096, of: index)
        if walk.physicalAddress != nil { pages[first + number * 4096] = walk[3].entry }
      }
    }
    return pages
  }

  @Test func copiesContentsAndRights() {
    let mothers = pages(parent)
    let childs = pages(child)
    #expect(mothers.count == 4 + 16)
    #expect(mothers.count == kernel.holdings(kernel.space(parent).tables.root, 0..<256).leaves.count)
    #expect(childs.count == kernel.holdings(kernel.space(child).tables.root, 0..<256).leaves.count)
    #expect(mothers.keys.sorted() == childs.keys.sorted())
    for (page, entry) in mothers {
      let copy = childs[page]!
      #expect(copy.flags == entry.flags.subtracting(PageTableEntry.processorWritten))
      #expect(kernel.ram[copy.frame] == kernel.ram[entry.frame])
      #expect(kernel.walk(page, of: child).rights == kernel.walk(page, of: parent).rights)
    }
    #expect(kernel.peek(12, at: 0x1000_2ffc, of: child) == Array("parent's own".utf8))
  }

  @Test func sharesNothing() {
    let mother = kernel.holdings(kernel.space(parent).tables.root, Array(0..<256) + [402])
    let daughter = kernel.holdings(kernel.space(child).tables.root, Array(0..<256) + [402])
    #expect(Set(mother.tables + mother.leaves).isDisjoint(with: daughter.tables + daughter.leaves))
    kernel.poke("child's own!", at: 0x1000_2ffc, of: child)
    #expect(kernel.peek(12, at: 0x1000_2ffc, of: parent) == Array("parent's own".utf8))
    kernel.expectBalancedBooks()
  }

  @Test func theChildHasItsOwnStackAndTheKernelsHalf() {
    let root = kernel.space(child).tables.root
    for entry in 256..<512 where entry != 402 {
      #expect(kernel.rootEntry(entry, root) == kernel.rootEntry(entry, kernel.kernelRoot))
    }
    #expect(kernel.process(child)?.stack?.slot == child)
    let mapped = kernel.holdings(root, [402]).leaves
    let stack = kernel.process(child)!.stack!
    #expect(mapped == (0..<4).map { stack.frames[$0].number })
  }
}
