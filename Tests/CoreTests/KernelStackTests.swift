import Testing
import X86

@testable import Core

@Suite struct KernelStackTests {
  @Test func slotsAreAGuardAStackAndAGap() {
    let region = StackRegion.processes
    #expect(region.top(of: 0) == VirtualAddress(0xffff_c900_0000_5000))
    #expect(region.bottom(of: 0) == VirtualAddress(0xffff_c900_0000_1000))
    #expect(region.stackBytes == 0x4000)
    #expect(region.rootIndex == 402)
    #expect(StackRegion.processor.rootIndex == 403)
    for slot in 0..<StackRegion.slotCount {
      #expect(region.bottom(of: slot) == region.base + (UInt64(slot) * 0x8000 + 0x1000))
      // No stack straddles two page tables.
      #expect(
        region.bottom(of: slot).pageBase(.size2MiB) == (region.top(of: slot) - 1).pageBase(.size2MiB))
    }
    let last = region.top(of: StackRegion.slotCount - 1)
    #expect(last < region.base + PageSize.size2MiB.bytes)
  }

  /// A process's table maps the process's own four pages at their own addresses, and nothing else of the region.
  @Test(arguments: [1, 2, 64])
  func everyTableMapsItsOwnStackOnly(count: Int) throws {
    let kernel = try TestKernel(frames: 4096)
    for _ in 0..<count { try kernel.start() }
    for index in Set([0, count / 2, count - 1]) {
      let stack = try #require(kernel.process(index)?.stack)
      #expect(stack.slot == index)
      var mapped: [VirtualAddress] = []
      for number in 0..<512 as Range<UInt64> {
        let page = StackRegion.processes.base + number * 4096
        guard let place = kernel.walk(page.rawValue, of: index).physicalAddress else { continue }
        mapped.append(page)
        #expect(place == stack.physicalAddress(of: page))
      }
      #expect(mapped == (0..<4).map { stack.bottom + UInt64($0) * 4096 })
      let own = kernel.holdings(kernel.space(index).tables.root, [402])
      #expect(own.tables.count == 3)
      #expect(own.leaves.count == 4)
    }
    // The kernel's own table maps them all.
    let all = kernel.holdings(kernel.kernelRoot, [402])
    #expect(all.leaves.count == 4 * count)
    #expect(Set(all.leaves).count == 4 * count)
    kernel.expectBalancedBooks()
  }

  @Test func pagesAreSupervisorWritableNeverExecutedNeverGlobal() throws {
    let kernel = try TestKernel()
    let index = try kernel.start()
    let stack = try #require(kernel.process(index)?.stack)
    for root in [kernel.kernelRoot, kernel.space(index).tables.root] {
      for page in 0..<4 as Range<UInt64> {
        let walk = kernel.walk((stack.bottom + page * 4096).rawValue, root: root)
        #expect(walk[3].entry.flags == .present | .writable | .noExecute)
        #expect(walk.rights == PageRights(isWritable: true, isUser: false, isExecutable: false))
        #expect(walk.physicalAddress == stack.physicalAddress(of: stack.bottom + page * 4096))
      }
    }
  }

  @Test func theGuardAndTheGapAreAbsent() throws {
    let kernel = try TestKernel()
    for _ in 0..<3 { try kernel.start() }
    for slot in 0..<3 {
      let base = StackRegion.processes.base.rawValue + UInt64(slot) * 0x8000
      for offset in [0, 0x5000, 0x6000, 0x7000] as [UInt64] {
        #expect(kernel.walk(base + offset, root: kernel.kernelRoot).outcome == .notPresent(.pageTable))
        #expect(kernel.walk(base + offset, of: slot).outcome == .notPresent(.pageTable))
      }
    }
  }

  @Test func physicalAddressesAreThoseOfTheStackAlone() throws {
    let kernel = try TestKernel()
    try kernel.start()
    try kernel.start()
    let stack = try #require(kernel.process(1)?.stack)
    #expect(stack.physicalAddress(of: stack.bottom - 1) == nil)
    #expect(stack.physicalAddress(of: stack.top) == nil)
    for address in [stack.bottom, stack.bottom + 0x1234, stack.top - 8] {
      let mapped = kernel.walk(address.rawValue, root: kernel.kernelRoot).physicalAddress
      #expect(stack.physicalAddress(of: address) == mapped)
    }
  }

  /// A used stack holds return addresses and copies of registers of its last owner.
  @Test func aStackThatIsUsedAgainIsZeroed() throws {
    let kernel = try TestKernel()
    let first = try kernel.start()
    let old = try #require(kernel.process(first)?.stack)
    for page in 0..<4 as Range<UInt64> {
      let frame = PhysicalFrame(containing: old.physicalAddress(of: old.bottom + page * 4096)!)
      kernel.ram[frame] = Array(repeating: 0x5ec2e7, count: 512)
    }
    kernel.system.end(first, status: 0)
    kernel.system.reap()
    let second = try kernel.start()
    #expect(second == first)
    let new = try #require(kernel.process(second)?.stack)
    for page in 0..<4 as Range<UInt64> {
      let frame = PhysicalFrame(containing: new.physicalAddress(of: new.bottom + page * 4096)!)
      #expect(kernel.ram[frame] == Array(repeating: 0, count: 512))
    }
  }

  @Test func mapsNothingTwice() throws {
    let kernel = try TestKernel()
    let index = try kernel.start()
    let stack = try #require(kernel.process(index)?.stack)
    #expect(throws: MappingError.alreadyMapped) {
      try mapKernelStack(stack, into: kernel.space(index).tables, frames: &kernel.system.frames)
    }
  }
}
