import Testing
import X86

@testable import Core

/// One process, whose data pages at 0x10002000 and 0x10003000 can be written.
@Suite struct SystemCallTests {
  private let kernel: TestKernel
  private let index: Int

  init() throws {
    kernel = try TestKernel()
    index = try kernel.start()
  }

  private func failure(_ error: SystemError) -> SystemCallOutcome { .complete(error.result) }

  @Test func errorsAreLinuxsNumbers() {
    #expect(SystemError.badAddress.result == 0xffff_ffff_ffff_fff2)
    #expect(SystemError.noSuchCall.result == 0xffff_ffff_ffff_ffda)
    #expect(SystemError.noChild.result == 0xffff_ffff_ffff_fff6)
  }

  @Test(arguments: [7, 8, 9, 10, 12, 38, 40, 187, 999, 0x1_0000_0001, .max] as [UInt64])
  func anUnknownNumberIsAnError(number: UInt64) {
    #expect(kernel.call(number: number, 1, 0x1000_2000, 4, by: index) == failure(.noSuchCall))
    #expect(kernel.terminal.written.isEmpty)
  }

  @Test func theSimpleOnes() throws {
    let second = try kernel.start()
    kernel.system.milliseconds = 1234
    #expect(kernel.call(.getPID, by: index) == .complete(1))
    #expect(kernel.call(.getTID, by: index) == .complete(1))
    #expect(kernel.call(.getPID, by: second) == .complete(2))
    #expect(kernel.call(.getTime, by: index) == .complete(1234))
    #expect(kernel.call(.yield, by: index) == .yield(0))
    #expect(kernel.state(index) == .ready)
  }

  @Test func basesOfFSAndGS() throws {
    let setFS = BaseOperation.setFS.rawValue
    let setGS = BaseOperation.setGS.rawValue
    #expect(
      kernel.call(.archPRCtl, setFS, 0x7fff_ffff_ffff, by: index)
        == .rebased(UserBases(fs: 0x7fff_ffff_ffff, gs: 0)))
    #expect(
      kernel.call(.archPRCtl, setGS, 0x1000_2000, by: index)
        == .rebased(UserBases(fs: 0x7fff_ffff_ffff, gs: 0x1000_2000)))
    #expect(kernel.call(.archPRCtl, BaseOperation.getFS.rawValue, 0x1000_2ffc, by: index) == .complete(0))
    #expect(kernel.peek(8, at: 0x1000_2ffc, of: index) == [0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0, 0])
    #expect(kernel.call(.archPRCtl, BaseOperation.getGS.rawValue, 0x1000_2000, by: index) == .complete(0))
    #expect(kernel.peek(8, at: 0x1000_2000, of: index) == [0x00, 0x20, 0x00, 0x10, 0, 0, 0, 0])
  }

  @Test(arguments: [0x8000_0000_0000, 0xffff_7fff_ffff_ffff, 0xffff_8000_0000_0000, .max] as [UInt64])
  func aBaseThatRing3CannotHaveIsRefused(address: UInt64) throws {
    for operation in [BaseOperation.setFS, .setGS] {
      #expect(kernel.call(.archPRCtl, operation.rawValue, address, by: index) == failure(.notPermitted))
    }
    #expect(kernel.process(index)?.bases == UserBases())
  }

  @Test func whatIsNoOperationOnBasesIsAnError() {
    for code in [0, 0x1000, 0x1005, UInt64.max] {
      #expect(kernel.call(.archPRCtl, code, 0x1000_2000, by: index) == failure(.invalidArgument))
    }
    // The program's text cannot be written to.
    #expect(
      kernel.call(.archPRCtl, BaseOperation.getGS.rawValue, 0x1000_0000, by: index) == failure(.badAddress))
  }

  @Test func aChildInheritsTheBasesAndANewProgramHasNone() throws {
    _ = kernel.call(.archPRCtl, BaseOperation.setFS.rawValue, 0x1234, by: index)
    let child = try #require(kernel.fork(index))
    #expect(kernel.process(child)?.bases == UserBases(fs: 0x1234))
    _ = kernel.call(.archPRCtl, BaseOperation.setFS.rawValue, 0x5678, by: child)
    #expect(kernel.process(index)?.bases == UserBases(fs: 0x1234))
    kernel.poke("bin/other\0", at: 0x1000_2000, of: child)
    guard case .started = kernel.call(.exec, 0x1000_2000, by: child) else {
      Issue.record("exec failed")
      return
    }
    #expect(kernel.process(child)?.bases == UserBases())
    #expect(kernel.process(index)?.bases == UserBases(fs: 0x1234))
  }

  @Test func nobodyCallsNothing() {
    #expect(kernel.call(.getPID, by: 5) == .exited)
    #expect(kernel.call(.exit, 3, by: index) == .exited)
    kernel.system.reap()
    #expect(kernel.call(.write, 1, 0x1000_2000, 4, by: index) == .exited)
    #expect(kernel.terminal.written.isEmpty)
  }

  @Test(arguments: [1, 2] as [UInt64])
  func writesWhatStandsInTheProgramsMemory(descriptor: UInt64) {
    // Across a page boundary.
    kernel.poke("Hello from userspace!", at: 0x1000_2ff8, of: index)
    #expect(kernel.call(.write, descriptor, 0x1000_2ff8, 21, by: index) == .complete(21))
    #expect(kernel.terminal.text == "Hello from userspace!")
    // Text and constants may be written out as well.
    #expect(kernel.call(.write, descriptor, 0x1000_1000, 8, by: index) == .complete(8))
    #expect(kernel.terminal.text == "Hello from userspace!constant")
  }

  @Test func writesNothingWhenNothingIsAskedFor() {
    #expect(kernel.call(.write, 1, 0x1000_2000, 0, by: index) == .complete(0))
    #expect(kernel.terminal.written.isEmpty)
  }

  @Test(arguments: [0, 3, 0x1_0000_0001, .max] as [UInt64])
  func writesToNoOtherDescriptor(descriptor: UInt64) {
    #expect(kernel.call(.write, descriptor, 0x1000_2000, 4, by: index) == failure(.badDescriptor))
    #expect(kernel.terminal.written.isEmpty)
  }

  /// A range that ends outside of the program's memory writes nothing at all.
  @Test(
    arguments: [
      (0, 1), (0x1000_4000, 1), (0x1000_3fff, 2), (0x1000_2000, 0x2001), (0x1000_2000, .max),
      (0x7fff_ffff_ffff, 2), (0x8000_0000_0000, 1), (0xffff_8000_0000_0000, 8), (0xffff_c900_0000_1000, 8),
      (0xffff_ffff_8010_0000, 1), (.max, 1), (.max, .max),
    ] as [(UInt64, UInt64)])
  func writesNothingFromABadRange(address: UInt64, count: UInt64) {
    #expect(kernel.call(.write, 1, address, count, by: index) == failure(.badAddress))
    #expect(kernel.terminal.written.isEmpty)
  }

  @Test func readsWhatWasTyped() {
    kernel.terminal.typed = Array("abcdef".utf8)
    #expect(kernel.call(.read, 0, 0x1000_2ffe, 4, by: index) == .complete(4))
    #expect(kernel.peek(5, at: 0x1000_2ffe, of: index) == Array("abcd".utf8) + [0])
    // Fewer than there is room for are enough.
    #expect(kernel.call(.read, 0, 0x1000_2000, 100, by: index) == .complete(2))
    #expect(kernel.peek(4, at: 0x1000_2000, of: index) == Array("efta".utf8))
  }

  @Test func readWaitsAndIsWoken() throws {
    let other = try kernel.start()
    #expect(kernel.call(.read, 0, 0x1000_2000, 4, by: index) == .block)
    #expect(kernel.state(index) == .waitingForInput)
    #expect(kernel.system.processes.nextReady(after: index) == other)
    // Woken for nothing, it waits again.
    kernel.system.inputArrived()
    #expect(kernel.state(index) == .ready)
    #expect(kernel.call(.read, 0, 0x1000_2000, 4, by: index) == .block)
    kernel.terminal.typed = [UInt8(ascii: "k")]
    kernel.system.inputArrived()
    #expect(kernel.state(index) == .ready)
    #expect(kernel.call(.read, 0, 0x1000_2000, 4, by: index) == .complete(1))
    #expect(kernel.peek(4, at: 0x1000_2000, of: index) == Array("kata".utf8))
  }

  @Test func inputWakesReadersOnly() throws {
    let child = try #require(kernel.fork(index))
    #expect(kernel.call(.wait, .max, 0, by: index) == .block)
    #expect(kernel.call(.read, 0, 0x1000_2000, 1, by: child) == .block)
    kernel.system.inputArrived()
    #expect(kernel.state(index) == .waitingForChild)
    #expect(kernel.state(child) == .ready)
  }

  @Test func readOfNothingDoesNotWait() {
    #expect(kernel.call(.read, 0, 0x1000_2000, 0, by: index) == .complete(0))
    #expect(kernel.state(index) == .ready)
  }

  @Test(
    arguments: [
      (0x1000_0000, 4), (0x1000_1000, 4), (0x1000_1fff, 2), (0x1000_3fff, 2), (0, 1),
      (0xffff_8000_0000_0000, 8),
      (0x1000_2000, .max),
    ] as [(UInt64, UInt64)])
  func readIntoABadRangeTakesNoInput(address: UInt64, count: UInt64) {
    kernel.terminal.typed = Array("abc".utf8)
    #expect(kernel.call(.read, 0, address, count, by: index) == failure(.badAddress))
    #expect(kernel.terminal.typed == Array("abc".utf8))
    #expect(kernel.peek(4, at: 0x1000_2000, of: index) == Array("data".utf8))
    #expect(kernel.state(index) == .ready)
  }

  @Test func readsFromNoOtherDescriptor() {
    kernel.terminal.typed = Array("abc".utf8)
    #expect(kernel.call(.read, 1, 0x1000_2000, 1, by: index) == failure(.badDescriptor))
    #expect(kernel.terminal.typed.count == 3)
  }
}
