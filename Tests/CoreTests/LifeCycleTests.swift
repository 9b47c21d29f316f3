import Testing
import X86

@testable import Core

@Suite struct LifeCycleTests {
  /// fork, exec, exit, wait, a thousand times over: no frame is lost, and the child's stack is always in the same
  /// slot.
  @Test func aThousandCyclesLeaveEverythingAsItWas() throws {
    let kernel = try TestKernel(frames: 160)
    let parent = try kernel.start()
    kernel.poke(Array("bin/other".utf8) + [0], at: 0x1000_2000, of: parent)
    let before = kernel.freeCount
    let tables = kernel.holdings(kernel.kernelRoot, 256..<512)
    for cycle in 0..<1000 as Range<UInt64> {
      let child = try #require(kernel.fork(parent))
      try #require(child == 1)
      let bottom = try #require(kernel.process(child)?.stack?.bottom)
      try #require(bottom == StackRegion.processes.bottom(of: 1))
      let outcome = kernel.call(.exec, 0x1000_2000, by: child)
      try #require(outcome == .started(entry: 0x1000_0001, stackPointer: 0x7fff_f000_0000))
      try #require(kernel.call(.exit, cycle, by: child) == .exited)
      kernel.system.reap()
      try #require(kernel.call(.wait, .max, 0, by: parent) == .complete(2 + cycle))
      kernel.system.reap()
      try #require(kernel.freeCount == before)
    }
    #expect(kernel.holdings(kernel.kernelRoot, 256..<512) == tables)
    #expect(kernel.system.processes.count == 1)
    kernel.expectBalancedBooks()
  }

  /// The root table that was freed last is nobody's: not the one that runs, and not a new one in the same frame.
  @Test func theTableFreedLastIsNobodys() throws {
    let kernel = try TestKernel(frames: 160)
    let parent = try kernel.start()
    #expect(kernel.freedRoot == nil)
    let child = try #require(kernel.fork(parent))
    let root = try #require(kernel.process(child)?.space?.tables.root)
    kernel.system.end(child, status: 0)
    #expect(kernel.freedRoot == nil, "its table is still loaded")
    kernel.system.reap()
    #expect(kernel.freedRoot == root)
    #expect(kernel.call(.wait, .max, 0, by: parent) == .complete(2))
    // The frame comes back for the next table, once others were made in between or at once.
    var isTaken = false
    for _ in 0..<3 {
      let next = try #require(kernel.fork(parent))
      if kernel.process(next)?.space?.tables.root == root { isTaken = true }
    }
    #expect(isTaken)
    #expect(kernel.freedRoot == nil)
    // exec builds in a table of its own, and frees it.
    kernel.poke(Array("bin/other".utf8) + [0], at: 0x1000_2000, of: parent)
    _ = kernel.call(.exec, 0x1000_2000, by: parent)
    let freed = try #require(kernel.freedRoot)
    #expect(freed != kernel.process(parent)?.space?.tables.root)
  }

  /// Many at once, ending in any order.
  @Test(arguments: 1...3 as ClosedRange<UInt64>)
  func familiesInAnyOrderLoseNothing(seed: UInt64) throws {
    var random = RepeatableGenerator(seed: seed)
    let kernel = try TestKernel(frames: 600)
    try kernel.start()
    for _ in 0..<150 {
      let living = (0..<ProcessTable.capacity).filter { kernel.process($0)?.hasEnded == false }
      guard let index = living.randomElement(using: &random) else {
        try kernel.start()
        continue
      }
      switch Int.random(in: 0..<8, using: &random) {
      case 0..<4: _ = kernel.call(.fork, by: index)
      case 4: _ = kernel.call(.wait, .max, 0, by: index)
      case 5:
        kernel.poke(Array("bin/other".utf8) + [0], at: 0x1000_2000, of: index)
        _ = kernel.call(.exec, 0x1000_2000, by: index)
      default:
        kernel.system.end(index, status: 0)
        if Bool.random(using: &random) { kernel.system.reap() }
      }
      kernel.expectBalancedBooks()
    }
    for index in 0..<ProcessTable.capacity { kernel.system.end(index, status: 0) }
    kernel.system.reap()
    #expect(kernel.system.processes.count == 0)
    #expect(!kernel.hasLiving())
    kernel.expectBalancedBooks()
  }
}

/// Memory ends at every single allocation of an operation in turn: each time it fails in order, and no frame is
/// lost.
@Suite struct OutOfMemoryTests {
  /// Runs `operation` with 0, 1, 2, ... frames free until it succeeds, and says how many it needed.
  private func frames(
    _ kernel: TestKernel, neededBy operation: () -> Bool, sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> Int {
    for available in 0..<kernel.managedCount {
      let held = try kernel.hold(leaving: available)
      let count = kernel.system.processes.count
      let succeeded = operation()
      if !succeeded {
        #expect(kernel.freeCount == available, "with \(available) frames", sourceLocation: sourceLocation)
        #expect(kernel.system.processes.count == count, sourceLocation: sourceLocation)
      }
      try kernel.giveBack(held)
      kernel.expectBalancedBooks(sourceLocation: sourceLocation)
      if succeeded { return available }
    }
    Issue.record("it never succeeded", sourceLocation: sourceLocation)
    return 0
  }

  @Test func ofCreate() throws {
    let kernel = try TestKernel(frames: 256)
    // The kernel's own tables for stacks exist from the first process on.
    try kernel.start()
    let needed = try frames(kernel) {
      do throws(CreationError) {
        try kernel.start()
        return true
      } catch {
        #expect(error == .outOfMemory || error == .program(.outOfMemory))
        return false
      }
    }
    // Stack 4; root, three tables for it; program 4 and user stack 16, three tables for each.
    #expect(needed == 4 + 4 + 4 + 16 + 6)
  }

  /// The kernel's tables for stacks may be made on the way; they are not lost, for they stay in the kernel's tree.
  @Test func ofTheVeryFirstCreate() throws {
    let kernel = try TestKernel(frames: 256)
    for available in 0..<60 {
      let held = try kernel.hold(leaving: available)
      let succeeded = (try? kernel.start()) != nil
      try kernel.giveBack(held)
      kernel.expectBalancedBooks()
      if succeeded { return }
    }
    Issue.record("it never succeeded")
  }

  @Test func ofFork() throws {
    let kernel = try TestKernel(frames: 256)
    let parent = try kernel.start()
    let needed = try frames(kernel) {
      let outcome = kernel.call(.fork, by: parent)
      if case .forked = outcome { return true }
      #expect(outcome == .complete(SystemError.outOfMemory.result))
      return false
    }
    #expect(needed == 34)
  }

  @Test func ofExec() throws {
    let kernel = try TestKernel(frames: 256)
    let index = try kernel.start()
    kernel.poke(Array("bin/other".utf8) + [0], at: 0x1000_2000, of: index)
    let root = kernel.space(index).tables.root
    let table = kernel.ram[root]
    let needed = try frames(kernel) {
      let outcome = kernel.call(.exec, 0x1000_2000, by: index)
      if case .started = outcome { return true }
      #expect(outcome == .complete(SystemError.outOfMemory.result))
      #expect(kernel.ram[root] == table)
      #expect(kernel.peek(4, at: 0x1000_0000, of: index) == [0xcd, 0x80, 0xeb, 0xfc])
      return false
    }
    // As create, but for the stack, which the process keeps.
    #expect(needed == 30)
  }
}
