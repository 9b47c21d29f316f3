import Testing
import X86

@testable import Core

@Suite struct ProcessTableTests {
  /// Four processes that may run.
  private let kernel: TestKernel

  init() throws {
    kernel = try TestKernel()
    for _ in 0..<4 { try kernel.start() }
  }

  private func set(_ state: ProcessState, _ indexes: Int...) {
    for index in indexes { kernel.system.processes[index]?.state = state }
  }

  private func next(after index: Int) -> Int? { kernel.system.processes.nextReady(after: index) }

  @Test func everyoneHasATurn() {
    #expect(next(after: 0) == 1)
    #expect(next(after: 1) == 2)
    #expect(next(after: 3) == 0)
    // From the last slot the search begins at the first.
    #expect(next(after: ProcessTable.capacity - 1) == 0)
    var turns: [Int] = []
    var current = 0
    for _ in 0..<8 {
      current = next(after: current)!
      turns.append(current)
    }
    #expect(turns == [1, 2, 3, 0, 1, 2, 3, 0])
  }

  @Test(arguments: [.waitingForChild, .waitingForInput, .ended(status: 0)] as [ProcessState])
  func whoCannotRunIsPassedOver(state: ProcessState) {
    set(state, 1, 2)
    #expect(next(after: 0) == 3)
    #expect(next(after: 1) == 3)
    #expect(next(after: 3) == 0)
  }

  @Test func oneAloneComesAgain() {
    set(.waitingForInput, 0, 1, 3)
    #expect(next(after: 2) == 2)
    set(.waitingForInput, 2)
    #expect(next(after: 2) == nil)
  }

  @Test func knowsWhetherAnyoneLives() {
    set(.ended(status: 3), 0, 1, 2)
    #expect(kernel.hasLiving())
    set(.waitingForChild, 3)
    #expect(kernel.hasLiving())
    set(.ended(status: 3), 3)
    #expect(!kernel.hasLiving())
    #expect(kernel.process(3)?.hasEnded == true)
  }

  @Test func findsProcessesByTheirId() {
    #expect((0..<4).map { kernel.id($0) } == [1, 2, 3, 4])
    #expect(kernel.system.processes.index(of: 3) == 2)
    #expect(kernel.system.processes.index(of: 0) == nil)
    #expect(kernel.system.processes.index(of: 5) == nil)
  }

  @Test func slotsAreUsedAgainAndIdsAreNot() throws {
    #expect(kernel.system.processes.count == 4)
    kernel.system.end(1, status: 0)
    kernel.system.reap()
    #expect(kernel.system.processes.count == 3)
    #expect(kernel.process(1) == nil)
    #expect(try kernel.start() == 1)
    #expect(kernel.id(1) == 5)
    #expect(try kernel.start() == 4)
    #expect(kernel.system.processes.count == 5)
  }

  @Test func thereIsAnEndToTheSlots() throws {
    let kernel = try TestKernel(frames: 4096)
    for index in 0..<ProcessTable.capacity { #expect(try kernel.start() == index) }
    let before = kernel.freeCount
    #expect(throws: CreationError.tooManyProcesses) { try kernel.start() }
    #expect(kernel.call(.fork, by: 0) == .complete(SystemError.tryAgain.result))
    #expect(kernel.freeCount == before)
    kernel.expectBalancedBooks()
    kernel.system.end(17, status: 0)
    kernel.system.reap()
    #expect(kernel.fork(0) == 17)
    kernel.expectBalancedBooks()
  }

  /// Whoever publishes the table misses no entry that was written, and is not told of those that were looked at.
  @Test func changesAreNotedUntilTheyAreTaken() throws {
    func changes() -> [Int] {
      let bits = kernel.system.processes.takeChanges()
      return (0..<64).filter { bits & 1 << UInt64($0) != 0 }
    }
    #expect(changes() == [0, 1, 2, 3])
    #expect(changes().isEmpty)
    #expect(kernel.process(2)?.state == .ready)
    #expect(changes().isEmpty)
    set(.waitingForInput, 2)
    #expect(changes() == [2])
    #expect(kernel.fork(1) == 4)
    #expect(changes().contains(4))
    kernel.system.end(3, status: 0)
    #expect(changes().contains(3))
    kernel.system.reap()
    #expect(changes().contains(3))
    #expect(kernel.process(3) == nil)
  }

  @Test func preemptionsAreCounted() {
    kernel.system.preempted(2)
    kernel.system.preempted(2)
    #expect((0..<4).map { kernel.process($0)!.preemptions } == [0, 0, 2, 0])
    kernel.system.preempted(60)
    #expect(kernel.process(60) == nil)
  }
}
