import TestSupport
import Testing
import X86

/// The walker against hand-made tables.
@Suite struct PageWalkTests {
  static let address: UInt64 = 0xffff_c900_0000_4ff8
  static let levels: [PagingLevel] = [.pageTable, .pageDirectory, .pageDirectoryPointer, .pml4]

  /// A machine with one page mapped at `address`: writable, executable, user.
  private func machine(size: PageSize = .size4KiB, depth: PagingDepth = .four) -> TestMachine {
    var machine = TestMachine()
    machine.registers.cr0 = .protectionEnable | .paging | .writeProtect
    machine.registers.cr4 = .physicalAddressExtension
    if depth == .five { machine.registers.cr4.insert(.fiveLevelPaging) }
    machine.registers.efer = .longModeEnable | .longModeActive | .noExecuteEnable
    machine.registers.physicalAddressBits = 40
    machine.registers.cr3 = CR3(root: machine.allocateFrame())
    machine.map(
      Self.address & ~(size.bytes - 1), to: PhysicalAddress(truncating: 0x40_0000_0000),
      flags: .present | .writable | .user, size: size)
    return machine
  }

  private func walk(_ machine: TestMachine, _ address: UInt64 = address) -> PageWalk {
    var machine = machine
    return machine.walk(VirtualAddress(address), root: machine.root, mode: machine.mode)
  }

  @Test func fourLevels() {
    let walk = walk(machine())
    #expect(walk.count == 4)
    #expect((0..<4).map { walk[$0].level } == [.pml4, .pageDirectoryPointer, .pageDirectory, .pageTable])
    #expect((0..<4).map { walk[$0].index } == [402, 0, 0, 4])
    #expect(walk[0].entryAddress == walk.root.address + 402 * 8)
    #expect(walk[1].entryAddress == walk[0].entry.frame.address)
    #expect(
      walk.outcome == .mapped(PhysicalAddress(truncating: 0x40_0000_0ff8), size: .size4KiB))
    #expect(walk.rights == .all)
  }

  @Test func fiveLevels() {
    let walk = walk(machine(depth: .five))
    #expect(walk.count == 5)
    #expect(walk[0].level == .pml5)
    #expect(walk[0].index == 511)
    #expect(walk.physicalAddress?.rawValue == 0x40_0000_0ff8)
  }

  @Test(arguments: [(PageSize.size2MiB, 3, UInt64(0x4ff8)), (.size1GiB, 2, 0x4ff8)])
  func largePages(size: PageSize, count: Int, offset: UInt64) {
    let walk = walk(machine(size: size))
    #expect(walk.count == count)
    #expect(walk.outcome == .mapped(PhysicalAddress(truncating: 0x40_0000_0000 + offset), size: size))
  }

  @Test func offsetInsideALargePage() {
    let address = Self.address & ~(PageSize.size1GiB.bytes - 1) + 0x3fff_fff0
    #expect(walk(machine(size: .size1GiB), address).physicalAddress?.rawValue == 0x40_3fff_fff0)
    let twoMiB = Self.address & ~(PageSize.size2MiB.bytes - 1) + 0x1f_fff0
    #expect(walk(machine(size: .size2MiB), twoMiB).physicalAddress?.rawValue == 0x40_001f_fff0)
  }

  @Test(arguments: levels) func absentAtEveryLevel(level: PagingLevel) {
    var machine = machine()
    // Whatever else an entry holds, P=0 ends the walk.
    machine.edit(level, of: Self.address) { $0 & ~1 | 1 << 63 | 1 << 51 }
    let walk = walk(machine)
    #expect(walk.outcome == .notPresent(level))
    #expect(walk.count == 5 - Int(level.rawValue))
    #expect(walk.physicalAddress == nil)
    for access in [PageAccess.supervisorRead, .supervisorWrite, .supervisorFetch, .userRead] {
      guard case .pageFault(let code) = walk.result(of: access, in: machine.mode) else {
        Issue.record("\(access) is not refused")
        continue
      }
      #expect(!code.contains(.protectionViolation))
      #expect(code.contains(.write) == access.isWrite)
      #expect(code.contains(.instructionFetch) == access.isFetch)
      #expect(code.contains(.user) == access.isUser)
    }
  }

  @Test(arguments: levels) func readOnlyAtEveryLevel(level: PagingLevel) {
    var machine = machine()
    machine.remove(.writable, level, of: Self.address)
    let walk = walk(machine)
    #expect(walk.rights == PageRights(isWritable: false, isUser: true, isExecutable: true))
    #expect(walk.result(of: .userRead, in: machine.mode) == .allowed)
    #expect(
      walk.result(of: .userWrite, in: machine.mode) == .pageFault(.protectionViolation | .write | .user))
    #expect(walk.result(of: .supervisorWrite, in: machine.mode) == .pageFault(.protectionViolation | .write))
    machine.registers.cr0.remove(.writeProtect)
    #expect(walk.result(of: .supervisorWrite, in: machine.mode) == .allowed)
    #expect(
      walk.result(of: .userWrite, in: machine.mode) == .pageFault(.protectionViolation | .write | .user),
      "CR0.WP says nothing about Ring 3")
  }

  @Test(arguments: levels) func supervisorAtEveryLevel(level: PagingLevel) {
    var machine = machine()
    machine.remove(.user, level, of: Self.address)
    machine.registers.cr4 =
      machine.registers.cr4 | .supervisorAccessPrevention | .supervisorExecutionPrevention
    let walk = walk(machine)
    #expect(walk.rights == PageRights(isWritable: true, isUser: false, isExecutable: true))
    for access in [PageAccess.supervisorRead, .supervisorWrite, .supervisorFetch] {
      #expect(walk.result(of: access, in: machine.mode) == .allowed)
    }
    #expect(walk.result(of: .userRead, in: machine.mode) == .pageFault(.protectionViolation | .user))
    #expect(
      walk.result(of: .userFetch, in: machine.mode)
        == .pageFault(.protectionViolation | .user | .instructionFetch))
  }

  @Test(arguments: levels) func noExecuteAtEveryLevel(level: PagingLevel) {
    var machine = machine()
    machine.set(.noExecute, level, of: Self.address)
    let walk = walk(machine)
    #expect(walk.rights == PageRights(isWritable: true, isUser: true, isExecutable: false))
    #expect(walk.result(of: .userWrite, in: machine.mode) == .allowed)
    #expect(
      walk.result(of: .supervisorFetch, in: machine.mode)
        == .pageFault(.protectionViolation | .instructionFetch))
  }

  @Test(arguments: levels) func noExecuteIsReservedWithoutNXE(level: PagingLevel) {
    var machine = machine()
    machine.set(.noExecute, level, of: Self.address)
    machine.registers.efer.remove(.noExecuteEnable)
    let walk = walk(machine)
    #expect(walk.outcome == .reservedBits(level, mask: 1 << 63))
    #expect(
      walk.result(of: .supervisorWrite, in: machine.mode)
        == .pageFault(.protectionViolation | .reservedBit | .write))
    #expect(
      walk.result(of: .supervisorFetch, in: machine.mode) == .pageFault(.protectionViolation | .reservedBit),
      "the fetch bit exists only with NXE or SMEP")
  }

  @Test(arguments: levels) func addressBeyondMAXPHYADDR(level: PagingLevel) {
    var machine = machine()
    machine.edit(level, of: Self.address) { $0 | 1 << 40 | 1 << 51 }
    #expect(walk(machine).outcome == .reservedBits(level, mask: 1 << 40 | 1 << 51))
    machine.registers.physicalAddressBits = 52
    if case .reservedBits = walk(machine).outcome { Issue.record("bit 51 is an address bit of 52") }
  }

  @Test(arguments: [PagingDepth.four, .five]) func pageSizeAboveThePDPT(depth: PagingDepth) {
    var machine = machine(depth: depth)
    machine.set(.pageSize, .pml4, of: Self.address)
    #expect(walk(machine).outcome == .reservedBits(.pml4, mask: 1 << 7))
    guard depth == .five else { return }
    machine.set(.pageSize, .pml5, of: Self.address)
    #expect(walk(machine).outcome == .reservedBits(.pml5, mask: 1 << 7))
  }

  @Test func misalignedLargePages() {
    var two = machine(size: .size2MiB)
    two.edit(.pageDirectory, of: Self.address) { $0 | 1 << 13 }
    #expect(walk(two).outcome == .reservedBits(.pageDirectory, mask: 1 << 13))
    two.edit(.pageDirectory, of: Self.address) { $0 & ~(1 << 13) | 1 << 12 }
    #expect(walk(two).physicalAddress != nil, "bit 12 is PAT")
    var one = machine(size: .size1GiB)
    one.edit(.pageDirectoryPointer, of: Self.address) { $0 | 1 << 29 }
    #expect(walk(one).outcome == .reservedBits(.pageDirectoryPointer, mask: 1 << 29))
    one.edit(.pageDirectoryPointer, of: Self.address) { $0 & ~(1 << 29) | 1 << 12 }
    #expect(walk(one).physicalAddress?.rawValue == 0x40_0000_4ff8, "PAT is no part of the address")
  }

  @Test func gigabytePagesUnsupported() {
    var machine = machine(size: .size1GiB)
    var mode = machine.mode
    mode.hasGigabytePages = false
    let walk = machine.walk(VirtualAddress(Self.address), root: machine.root, mode: mode)
    #expect(walk.outcome == .reservedBits(.pageDirectoryPointer, mask: 1 << 7))
  }

  @Test func pageAttributeBitOfASmallPageIsNoSize() {
    var machine = machine()
    machine.set(.pageSize, .pageTable, of: Self.address)
    #expect(walk(machine).outcome == .mapped(PhysicalAddress(truncating: 0x40_0000_0ff8), size: .size4KiB))
  }

  @Test func ignoredBitsAreIgnored() {
    var machine = machine()
    for level in Self.levels { machine.edit(level, of: Self.address) { $0 | 0x7ff0_0000_0000_0e00 } }
    #expect(walk(machine).physicalAddress?.rawValue == 0x40_0000_0ff8)
  }

  @Test func userPagesUnderSMAPAndSMEP() {
    var machine = machine()
    let walk = walk(machine)
    for access in [PageAccess.supervisorRead, .supervisorWrite, .supervisorFetch] {
      #expect(walk.result(of: access, in: machine.mode) == .allowed)
    }
    machine.registers.cr4.insert(.supervisorAccessPrevention)
    #expect(walk.result(of: .supervisorRead, in: machine.mode) == .pageFault(.protectionViolation))
    #expect(walk.result(of: .supervisorWrite, in: machine.mode) == .pageFault(.protectionViolation | .write))
    #expect(walk.result(of: .supervisorFetch, in: machine.mode) == .allowed)
    machine.registers.cr4.insert(.supervisorExecutionPrevention)
    #expect(
      walk.result(of: .supervisorFetch, in: machine.mode)
        == .pageFault(.protectionViolation | .instructionFetch))
    #expect(walk.result(of: .userFetch, in: machine.mode) == .allowed)
  }

  @Test(arguments: [0x0000_8000_0000_0000, 0xffff_7fff_ffff_ffff, 0x9000_0000_0000] as [UInt64])
  func nonCanonical(address: UInt64) {
    let machine = machine()
    let walk = walk(machine, address)
    #expect(walk.outcome == .nonCanonical)
    #expect(walk.count == 0)
    #expect(walk.result(of: .supervisorRead, in: machine.mode) == .nonCanonical)
  }

  @Test func canonicalEdges() {
    let four = machine()
    for address in [0x7fff_ffff_ffff, 0xffff_8000_0000_0000] as [UInt64] {
      #expect(walk(four, address).outcome == .notPresent(.pml4))
    }
    let five = machine(depth: .five)
    for address in [0x8000_0000_0000, 0xff00_0000_0000_0000] as [UInt64] {
      #expect(walk(five, address).outcome == .notPresent(.pml5))
    }
    #expect(walk(five, 0x0100_0000_0000_0000).outcome == .nonCanonical)
  }

  @Test func tableOutsideMemory() {
    var machine = machine()
    let table = walk(machine)[1].entry.frame
    machine.removeMemory(table)
    let result = walk(machine)
    #expect(result.outcome == .unreadable(.pageDirectory, table.address))
    #expect(result.count == 2)
    #expect(result.result(of: .supervisorRead, in: machine.mode) == .unknown)
  }
}
