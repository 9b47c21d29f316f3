import Inspect
import Session
import Testing
import X86

/// What an address space maps, against the running example and hand-made tables.
@Suite struct MapTests {
  /// A machine with an empty root table at 0x1000 and room for others.
  private func machine(levels: PagingDepth = .four) -> FakeMachine {
    let machine = FakeMachine(memoryByteCount: 16 << 20)
    machine.registerFile.cr0 = CR0(rawValue: 0x8001_0033)
    machine.registerFile.cr4 = CR4(rawValue: levels == .five ? 0x1060 : 0x60)
    machine.registerFile.efer = EFER(rawValue: 0xd00)
    machine.registerFile.cr3 = CR3(rawValue: 0x1000)
    machine.registerFile.physicalAddressBits = 40
    return machine
  }

  private func items(_ machine: FakeMachine, _ change: (inout MapQuery) -> Void = { _ in }) -> [MapItem] {
    var query = MapQuery()
    change(&query)
    var scan = AddressSpaceScan(query, of: machine)
    var items: [MapItem] = []
    while let item = scan.next() { items.append(item) }
    return items
  }

  private func totals(_ machine: FakeMachine, _ change: (inout MapQuery) -> Void = { _ in }) -> MapTotals {
    var query = MapQuery()
    change(&query)
    var scan = AddressSpaceScan(query, of: machine)
    while scan.next() != nil {}
    return scan.totals
  }

  @Test func map() {
    expectGolden(
      Transcript.both(
        [
          "map", "map user", "map rw-", "map w+x", "map 0xffffc98000000000..", "map start",
          "map --cr3 0x102000 nx+ro", "map --physical 0x230000..0x240000", "map --leaves trap_stubs..",
          "map --rights 0xffffffff80000000..", "map --tables user", "map --size 2m",
        ], RunningExample.make), "map")
  }

  @Test func wrongUsage() {
    expectGolden(
      Transcript.both(
        [
          "map --cr3", "map --size 3m", "map --frobnicate", "map 5..2", "map nothing",
          "map --physical 1..0x10000000000000000",
          "map --physical 0x10000000000000",
        ], RunningExample.make), "map-wrong-usage")
  }

  /// Everything that is odd and that other tools pass over: each shown as what it is.
  @Test func oddities() {
    expectGolden(
      Transcript.both(["map", "map --tables", "map --leaves"]) {
        let machine = machine()
        let root: UInt64 = 0x1000
        machine.store(0x2027, at: root)
        // The same lower half a second time, and the root itself.
        machine.store(0x2027, at: root + 8)
        machine.store(0x1063, at: root + 510 * 8)
        machine.store(0x3027, at: 0x2000)
        // A gigabyte outside of memory; PS in the root.
        machine.store(0x8000_0000_4000_00e7, at: 0x2008)
        machine.store(0x00a7, at: root + 300 * 8)
        // No-execute and read-only by the page directory alone, and a page directory that is supervisor's.
        machine.store(0x8000_0000_0000_4027, at: 0x3000)
        machine.store(0x4025, at: 0x3008)
        machine.store(0x4023, at: 0x3010)
        // Outside of memory; reserved bits of a large page; a table that is its own.
        machine.store(0x40_0000_0027, at: 0x3018)
        machine.store(0x0020_20a7, at: 0x3020)
        machine.store(0x3027, at: 0x3028)
        for page in 0..<3 as Range<UInt64> { machine.store(0x10067 + page << 12, at: 0x4000 + page * 8) }
        machine.store(0x10_0000_0067, at: 0x4000 + 9 * 8)
        machine.store(0x10167, at: 0x4000 + 511 * 8)
        return machine
      }, "map-oddities")
  }

  /// All entries of a table but the lowest bits alike: gef passes it over.
  @Test func aTableOfEqualEntriesIsNoHole() {
    let machine = machine()
    machine.store(0x2027, at: 0x1000)
    machine.store(0x3027, at: 0x2000)
    machine.store(0x4027, at: 0x3000)
    for index in 0..<512 as Range<UInt64> { machine.store(0x5067, at: 0x4000 + index * 8) }
    let items = items(machine)
    guard items.count == 1, case .region(let region) = items[0] else {
      Issue.record("\(items)")
      return
    }
    #expect(region.pageCount == 512)
    #expect(region.physical == nil)
    #expect(region.last.rawValue == 0x1f_ffff)
  }

  /// Linux' espfix area: a directory whose entries name one table, a table above whose entries name that directory.
  @Test func aliasesAreCountedAndNotRead() {
    let machine = machine()
    machine.store(0x2027, at: 0x1000 + 8)
    for index in 0..<64 as Range<UInt64> { machine.store(0x3027, at: 0x2000 + index * 8) }
    for index in 0..<512 as Range<UInt64> { machine.store(0x4027, at: 0x3000 + index * 8) }
    for index in stride(from: 0, to: 512, by: 16) as StrideTo<UInt64> {
      machine.store(0x5065, at: 0x4000 + index * 8)
    }
    machine.loads = 0
    let totals = totals(machine)
    #expect(totals.pages.small == 64 * 512 * 32)
    #expect(totals.repeatedPages.small == (64 * 512 - 1) * 32)
    #expect(totals.tables == 4)
    #expect(totals.repeatedTables == 511 + 63)
    // Each alias would have cost 512 of them.
    #expect(machine.loads < 1_000_000)
    let items = items(machine)
    #expect(items.count == 32 + 2)
    guard case .repetition(let first) = items[32], case .repetition(let second) = items[33] else {
      Issue.record("\(items.suffix(2))")
      return
    }
    #expect(first.count == 511)
    #expect(second.count == 63)
    #expect(second.pages.small == 512 * 32)
    #expect(second.last.rawValue == 1 << 39 + 64 << 30 - 1)
  }

  /// The same table under entries that leave other rights is another thing.
  @Test func aliasesWithOtherRightsAreRead() {
    let machine = machine()
    machine.store(0x2027, at: 0x1000)
    machine.store(0x2025, at: 0x1008)
    machine.store(0x3027, at: 0x2000)
    machine.store(0x4027, at: 0x3000)
    machine.store(0x5067, at: 0x4000)
    let rights = items(machine).compactMap { if case .region(let region) = $0 { region.rights } else { nil } }
    #expect(rights.map(\.isWritable) == [true, false])
  }

  /// A root that is its own PML4[0], PML4[1], ...: 2^36 pages, and no more work than four levels of one frame.
  @Test func nothingButCircles() {
    let machine = machine()
    for index in 0..<512 as Range<UInt64> { machine.store(0x1067, at: 0x1000 + index * 8) }
    let totals = totals(machine)
    #expect(totals.pages.small == 1 << 36)
    #expect(totals.tables == 4)
    #expect(totals.circles == 3)
  }

  /// Random tables that name each other: every page is accounted for, those of repeated tables too, and filters split
  /// the whole without remainder.
  @Test(arguments: 0..<12)
  func everyPageIsAccountedFor(seed: UInt64) {
    let machine = machine(levels: seed & 1 == 0 ? .four : .five)
    var state = seed &* 0x9e37_79b9_7f4a_7c15 | 1
    func random(_ bound: UInt64) -> UInt64 {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return (state >> 20) % bound
    }
    for frame in 1...6 as ClosedRange<UInt64> {
      for _ in 0..<(2 + random(3)) {
        var raw = (1 + random(6)) << 12 | random(0x80) | random(2) << 8 | 1
        if random(3) == 0 { raw |= 1 << 63 }
        if random(3) == 0 { raw |= 0x80 }
        machine.store(raw, at: frame << 12 + random(512) * 8)
      }
    }
    var reader: any Debuggee = machine
    var scan = PageTableScan(root: machine.registerFile.cr3.root, mode: machine.registerFile.pagingMode)
    var counted: [PageSize: UInt64] = [:]
    while let item = scan.next(memory: &reader) {
      if case .leaves(let run) = item { counted[run.size, default: 0] += UInt64(run.count) }
    }
    let whole = totals(machine)
    for size in [PageSize.size4KiB, .size2MiB, .size1GiB] {
      #expect(whole.pages[size] == counted[size, default: 0], "\(size)")
    }
    let parts = [
      totals(machine) { $0.isWritable = true }, totals(machine) { $0.isWritable = false },
    ]
    #expect(parts.map(\.pages.small).reduce(0, +) == whole.pages.small)
    let halves = [
      totals(machine) { $0.addresses = 0...0xff_ffff_ffff_ffff },
      totals(machine) { $0.addresses = 0x100_0000_0000_0000 ... .max },
    ]
    #expect(halves.map(\.pages.small).reduce(0, +) == whole.pages.small)
  }

  /// A target that goes away in the middle ends the list, and the session.
  @Test func aLostTargetEndsTheList() {
    let machine = RunningExample.make()
    machine.kill()
    #expect(items(machine).isEmpty)
    #expect(totals(machine).isCut)
  }
}
