import TestSupport
import Testing
import X86

/// The ranges of an address space, against hand-made tables.
@Suite struct MappedRangeTests {
  private static let leaf: PageTableEntry.Flags = .present | .writable | .noExecute

  private func machine() -> TestMachine {
    var machine = TestMachine()
    machine.registers.cr0 = .protectionEnable | .paging | .writeProtect
    machine.registers.cr4 = .physicalAddressExtension
    machine.registers.efer = .longModeEnable | .longModeActive | .noExecuteEnable
    machine.registers.physicalAddressBits = 40
    machine.registers.cr3 = CR3(root: machine.allocateFrame())
    return machine
  }

  private func ranges(_ machine: TestMachine, tables: Int = 1000) -> [MappedRange] {
    var machine = machine
    var search = MappedRangeSearch(root: machine.root, mode: machine.mode, tables: tables)
    var found: [MappedRange] = []
    while let range = search.next(memory: &machine) { found.append(range) }
    return found
  }

  private func map(
    _ machine: inout TestMachine, _ address: UInt64, _ flags: PageTableEntry.Flags = leaf,
    size: PageSize = .size4KiB, to target: UInt64 = 0x4000_0000
  ) {
    machine.map(address, to: PhysicalAddress(truncating: target), flags: flags, size: size)
  }

  @Test func nothingIsMapped() { #expect(ranges(machine()) == []) }

  /// Pages of two sizes, with frames that do not follow each other, are one range as long as the rights agree.
  @Test func neighboursWithTheSameRightsAreOne() throws {
    var machine = machine()
    map(&machine, 0x1ff000)
    map(&machine, 0x20_0000, size: .size2MiB, to: 0x8000_0000)
    map(&machine, 0x40_0000, to: 0x1000)
    map(&machine, 0x40_2000)
    let found = ranges(machine)
    #expect(found.map(\.start.rawValue) == [0x1ff000, 0x402000])
    #expect(found.map(\.last.rawValue) == [0x400fff, 0x402fff])
    let rights = try #require(found.first?.rights)
    #expect(rights == PageRights(isWritable: true, isUser: false, isExecutable: false))
    #expect(found.map(\.isGlobal) == [false, false])
  }

  /// Each right by itself ends a range, the one of a level above included.
  @Test func everyRightMakesADifference() {
    var machine = machine()
    map(&machine, 0x1000)
    map(&machine, 0x2000, .present | .noExecute)
    map(&machine, 0x3000, .present)
    map(&machine, 0x4000, .present | .global)
    map(&machine, 0x5000, .present | .writable | .user)
    let found = ranges(machine)
    #expect(found.map(\.start.rawValue) == [0x1000, 0x2000, 0x3000, 0x4000, 0x5000])
    #expect(found.map(\.last.rawValue) == [0x1fff, 0x2fff, 0x3fff, 0x4fff, 0x5fff])
    #expect(found.map(\.rights.isWritable) == [true, false, false, false, true])
    #expect(found.map(\.rights.isExecutable) == [false, false, true, true, true])
    #expect(found.map(\.isGlobal) == [false, false, false, true, false])
    #expect(found.map(\.rights.isUser) == [false, false, false, false, true])
  }

  /// The halves are apart although no canonical address lies between them, and the last byte of all belongs to the last
  /// range.
  @Test func bothEndsOfBothHalves() {
    var machine = machine()
    for address: UInt64 in [0, 0x7fff_ffff_f000, 0xffff_8000_0000_0000, 0xffff_ffff_ffff_f000] {
      map(&machine, address)
    }
    let found = ranges(machine)
    #expect(
      found.map(\.start.rawValue) == [0, 0x7fff_ffff_f000, 0xffff_8000_0000_0000, 0xffff_ffff_ffff_f000])
    #expect(found.last?.last.rawValue == .max)
  }

  /// A root that is its own table maps 2^36 pages.
  @Test func tablesThatLeadToThemselvesCostNoMoreThanAllowed() {
    var machine = machine()
    let entry = PageTableEntry(frame: machine.root, flags: .present | .writable).rawValue
    for index in 0..<512 { machine.store(entry, at: machine.root.address + UInt64(index * 8)) }
    var search = MappedRangeSearch(root: machine.root, mode: machine.mode, tables: 1000)
    while search.next(memory: &machine) != nil {}
    #expect(search.tablesLeft == 0)
    #expect(search.stop != nil)
  }
}
