import Testing
import X86

@testable import Core

@Suite struct UserRangeTests {
  @Test(
    arguments: [
      (0, 0, true), (0, 0x8000_0000_0000, true), (0, 0x8000_0000_0001, false), (0x7fff_ffff_ffff, 1, true),
      (0x7fff_ffff_ffff, 2, false), (0x8000_0000_0000, 0, false), (0x8000_0000_0000, 1, false),
      (0xffff_8000_0000_0000, 8, false), (1, .max, false), (0x1000, .max - 0xfff, false), (.max, 1, false),
      (.max, .max, false),
    ] as [(UInt64, UInt64, Bool)])
  func staysInTheLowerHalf(start: UInt64, byteCount: UInt64, expected: Bool) {
    #expect(UserRange(start: start, byteCount: byteCount).isLowerHalf == expected)
  }
}

/// The program's pages: text r-x at 0x10000000, constants r-- at 0x10001000, data rw- at 0x10002000 and 0x10003000.
@Suite struct UserMemoryTests {
  private let kernel: TestKernel
  private let user: UserMemory

  init() throws {
    kernel = try TestKernel()
    user = UserMemory(kernel.space(try kernel.start()))
  }

  private func allows(_ start: UInt64, _ byteCount: UInt64, for access: PageAccess) -> Bool {
    let range = UserRange(start: start, byteCount: byteCount)
    do { try user.check(range, for: access, memory: &kernel.system.frames.memory) } catch { return false }
    return true
  }

  private func read(_ address: UInt64) -> UInt8? {
    try? user.readByte(address, memory: &kernel.system.frames.memory)
  }

  private func write(_ byte: UInt8, at address: UInt64) -> Bool {
    (try? user.writeByte(byte, at: address, memory: &kernel.system.frames.memory)) != nil
  }

  @Test func readsEveryPageAndWritesTheWritable() {
    for page in [0x1000_0000, 0x1000_1000, 0x1000_2000, 0x1000_3000] as [UInt64] {
      #expect(allows(page, 4096, for: .userRead))
      #expect(allows(page, 4096, for: .userWrite) == (page >= 0x1000_2000))
    }
    #expect(read(0x1000_0001) == 0x80)
    #expect(write(0x42, at: 0x1000_2005))
    #expect(kernel.peek(8, at: 0x1000_2000, of: 0) == Array("data".utf8) + [0, 0x42, 0, 0])
  }

  @Test func aReadOnlyPageIsNotWritten() {
    #expect(!write(0, at: 0x1000_0000))
    #expect(!write(0, at: 0x1000_1000))
    #expect(read(0x1000_0000) == 0xcd)
    #expect(read(0x1000_1000) == UInt8(ascii: "c"))
  }

  @Test func rangesStraddlePages() {
    #expect(allows(0x1000_0fff, 2, for: .userRead))
    #expect(allows(0x1000_0000, 0x4000, for: .userRead))
    #expect(!allows(0x1000_0000, 0x4001, for: .userRead))
    #expect(!allows(0x0fff_ffff, 2, for: .userRead))
    // Only the second page refuses, or only the first.
    #expect(allows(0x1000_2fff, 2, for: .userWrite))
    #expect(!allows(0x1000_1fff, 2, for: .userWrite))
    #expect(!allows(0x1000_3fff, 2, for: .userWrite))
  }

  @Test func anUnmappedPageInTheMiddleIsFound() throws {
    _ = try kernel.space(0).tables.unmap(VirtualAddress(0x1000_1000), frames: &kernel.system.frames)
    #expect(allows(0x1000_0000, 0x1000, for: .userRead))
    #expect(!allows(0x1000_0000, 0x4000, for: .userRead))
    #expect(read(0x1000_1000) == nil)
  }

  @Test func kernelAddressesAreNobodysBusiness() {
    // All of these are mapped in the process's table.
    for address in [0xffff_8000_0000_0000, 0xffff_c900_0000_1000, 0xffff_ffff_8010_0000] as [UInt64] {
      #expect(kernel.walk(address, of: 0).physicalAddress != nil)
      #expect(!allows(address, 1, for: .userRead))
      #expect(!allows(address, 0, for: .userRead))
      #expect(read(address) == nil)
      #expect(!write(0, at: address))
    }
  }

  /// Even where a wrong entry would open the upper half to Ring 3, the address itself is refused.
  @Test func anOpenUpperHalfIsStillRefused() {
    let walk = kernel.walk(0xffff_ffff_8010_0000, of: 0)
    for position in 0..<4 {
      let open = walk[position].entry.flags | .user | .writable
      kernel.ram.store(
        PageTableEntry(frame: walk[position].entry.frame, flags: open).rawValue,
        at: walk[position].entryAddress)
    }
    let opened = kernel.walk(0xffff_ffff_8010_0000, of: 0)
    #expect(opened.result(of: .userWrite, in: .building) == .allowed)
    #expect(kernel.ram.load(opened.physicalAddress!) != nil)
    #expect(read(0xffff_ffff_8010_0000) == nil)
    #expect(!write(0, at: 0xffff_ffff_8010_0000))
    #expect(!allows(0xffff_ffff_8010_0000, 1, for: .userRead))
  }

  @Test func supervisorPagesOfTheLowerHalfAreRefused() throws {
    try kernel.space(0).tables.map(
      VirtualAddress(0x5000_0000), to: PhysicalAddress(truncating: 0x10_0000), flags: .writable,
      frames: &kernel.system.frames)
    #expect(!allows(0x5000_0000, 1, for: .userRead))
    #expect(read(0x5000_0000) == nil)
  }

  @Test func wrapAroundIsRefused() {
    #expect(!allows(.max, 2, for: .userRead))
    #expect(!allows(0x1000_0000, .max, for: .userRead))
    #expect(!allows(0x1000_0000, 0 &- 0x1000_0000, for: .userRead))
    #expect(read(.max) == nil)
    #expect(read(0x8000_0000_0000) == nil)
    #expect(read(0x1_0000_1000_0000) == nil)
  }

  @Test func noBytesNeedNoPage() {
    #expect(allows(0x6000_0000, 0, for: .userWrite))
    #expect(allows(0, 0, for: .userRead))
  }

  /// A table of the path that lies outside of RAM: nothing is known, so nothing is allowed.
  @Test func aLostTableIsABadAddress() {
    let walk = kernel.walk(0x1000_0000, of: 0)
    kernel.ram.store(0xf_ffff_ffff_f007, at: walk[1].entryAddress)
    #expect(!allows(0x1000_0000, 1, for: .userRead))
    #expect(read(0x1000_0000) == nil)
  }
}
