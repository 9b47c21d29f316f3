import Testing
import X86

@testable import Core

/// fork, wait and exit.
@Suite struct FamilyTests {
  private let kernel: TestKernel
  private let parent: Int

  init() throws {
    kernel = try TestKernel()
    parent = try kernel.start()
  }

  private let status: UInt64 = 0x1000_2ffe

  private func wait(_ id: UInt64 = .max, status address: UInt64 = 0) -> SystemCallOutcome {
    kernel.call(.wait, id, address, by: parent)
  }

  private func storedStatus() -> Int32 {
    let bytes = kernel.peek(4, at: status, of: parent)
    return bytes.reversed().reduce(0) { $0 << 8 | Int32($1) }
  }

  @Test func forkMakesAChild() throws {
    let child = try #require(kernel.fork(parent))
    #expect(kernel.id(child) == 2)
    #expect(kernel.process(child)?.parent == 1)
    #expect(kernel.state(child) == .ready)
    #expect(kernel.call(.getPID, by: child) == .complete(2))
    #expect(kernel.space(child) != kernel.space(parent))
  }

  @Test func whoHasNoChildDoesNotWait() throws {
    let stranger = try kernel.start()
    #expect(wait() == .complete(SystemError.noChild.result))
    #expect(wait(kernel.id(stranger)) == .complete(SystemError.noChild.result))
    #expect(wait(1) == .complete(SystemError.noChild.result))
    #expect(wait(0) == .complete(SystemError.noChild.result))
    #expect(wait(77) == .complete(SystemError.noChild.result))
    #expect(kernel.state(parent) == .ready)
  }

  @Test(arguments: [(0, 0), (42, 42), (0xffff_ffff, -1), (0x1_0000_0007, 7)] as [(UInt64, Int32)])
  func waitGivesIdAndStatus(code: UInt64, expected: Int32) throws {
    let child = try #require(kernel.fork(parent))
    #expect(kernel.call(.exit, code, by: child) == .exited)
    #expect(kernel.state(child) == .ended(status: expected))
    #expect(wait(status: status) == .complete(2))
    #expect(storedStatus() == expected)
    #expect(kernel.peek(2, at: status - 2, of: parent) == [0, 0])
    #expect(kernel.peek(2, at: status + 4, of: parent) == [0, 0])
    // Asked for once.
    #expect(wait() == .complete(SystemError.noChild.result))
    kernel.system.reap()
    #expect(kernel.process(child) == nil)
    kernel.expectBalancedBooks()
  }

  @Test func waitBlocksUntilAChildEnds() throws {
    let child = try #require(kernel.fork(parent))
    #expect(wait(status: status) == .block)
    #expect(kernel.state(parent) == .waitingForChild)
    #expect(kernel.system.processes.nextReady(after: parent) == child)
    kernel.system.end(child, status: 5)
    #expect(kernel.state(parent) == .ready)
    // Its memory may be back by then.
    kernel.system.reap()
    #expect(kernel.state(child) == .ended(status: 5))
    #expect(wait(status: status) == .complete(2))
    #expect(storedStatus() == 5)
  }

  @Test func waitForOneLeavesTheOthers() throws {
    let first = try #require(kernel.fork(parent))
    let second = try #require(kernel.fork(parent))
    kernel.system.end(first, status: 1)
    #expect(wait(3) == .block)
    kernel.system.end(second, status: 2)
    #expect(wait(3, status: status) == .complete(3))
    #expect(storedStatus() == 2)
    #expect(wait(status: status) == .complete(2))
    #expect(storedStatus() == 1)
  }

  /// A bad pointer loses neither the child nor its status.
  @Test(
    arguments: [0x1000_0000, 0x1000_1000, 0x1000_3ffd, 0x6000_0000, 0xffff_c900_0000_1000, .max - 2]
      as [UInt64])
  func aBadStatusPointerKeepsTheChild(address: UInt64) throws {
    let child = try #require(kernel.fork(parent))
    kernel.system.end(child, status: 9)
    #expect(wait(status: address) == .complete(SystemError.badAddress.result))
    kernel.system.reap()
    #expect(kernel.peek(8, at: 0x1000_1000, of: parent) == Array("constant".utf8))
    #expect(wait(status: status) == .complete(2))
    #expect(storedStatus() == 9)
  }

  @Test func aGrandchildIsNobodysWhenItsParentEnds() throws {
    let child = try #require(kernel.fork(parent))
    let grandchild = try #require(kernel.fork(child))
    kernel.system.end(child, status: 0)
    kernel.system.reap()
    #expect(kernel.process(grandchild)?.parent == 0)
    #expect(kernel.state(grandchild) == .ready)
    #expect(wait() == .complete(2))
    #expect(wait() == .complete(SystemError.noChild.result))
    kernel.system.end(grandchild, status: 0)
    kernel.system.reap()
    #expect(kernel.process(grandchild) == nil)
    #expect(kernel.system.processes.count == 1)
    kernel.expectBalancedBooks()
  }

  /// An ended process that nobody asked for yet goes with its parent.
  @Test func anEndedChildGoesWithItsParent() throws {
    let child = try #require(kernel.fork(parent))
    kernel.system.end(child, status: 0)
    kernel.system.reap()
    #expect(kernel.system.processes.count == 2)
    kernel.system.end(parent, status: 0)
    kernel.system.reap()
    #expect(kernel.system.processes.count == 0)
    kernel.expectBalancedBooks()
  }

  /// The memory of whoever ends stays until reap(): its table is still loaded.
  @Test func memoryStaysUntilItIsReaped() throws {
    let child = try #require(kernel.fork(parent))
    let before = kernel.freeCount
    #expect(kernel.call(.exit, 1, by: child) == .exited)
    #expect(kernel.freeCount == before)
    #expect(kernel.process(child)?.space != nil)
    kernel.system.reap()
    #expect(kernel.freeCount > before)
    #expect(kernel.process(child)?.space == nil)
    kernel.expectBalancedBooks()
    kernel.system.reap()
    kernel.expectBalancedBooks()
  }

  @Test func theFirstEndCounts() throws {
    let child = try #require(kernel.fork(parent))
    kernel.system.end(child, status: 1)
    kernel.system.end(child, status: 2)
    #expect(kernel.state(child) == .ended(status: 1))
  }
}
