import TestSupport
import Testing
import X86

/// The scan of whole tables, against hand-made ones and against the walk.
@Suite struct PageTableScanTests {
  private static let leaf: PageTableEntry.Flags = .present | .writable | .noExecute

  private func machine(_ depth: PagingDepth = .four) -> TestMachine {
    var machine = TestMachine()
    machine.registers.cr0 = .protectionEnable | .paging | .writeProtect
    machine.registers.cr4 = .physicalAddressExtension
    if depth == .five { machine.registers.cr4.insert(.fiveLevelPaging) }
    machine.registers.efer = .longModeEnable | .longModeActive | .noExecuteEnable
    machine.registers.physicalAddressBits = 40
    machine.registers.cr3 = CR3(root: machine.allocateFrame())
    return machine
  }

  private func items(
    _ machine: inout TestMachine, from first: UInt64 = 0, through last: UInt64 = .max, most: Int = 100_000
  ) -> [PageTableScan.Item] {
    var scan = PageTableScan(
      root: machine.root, mode: machine.mode, from: VirtualAddress(first), through: VirtualAddress(last))
    var items: [PageTableScan.Item] = []
    while items.count < most, let item = scan.next(memory: &machine) { items.append(item) }
    return items
  }

  private func runs(_ items: [PageTableScan.Item]) -> [LeafRun] {
    items.compactMap { if case .leaves(let run) = $0 { run } else { nil } }
  }

  @Test func tablesComeBeforeTheirPagesAndEndBehindThem() {
    var machine = machine()
    machine.map(0x1000, to: PhysicalAddress(truncating: 0x5000), flags: Self.leaf)
    var levels: [String] = []
    for item in items(&machine) {
      switch item {
      case .table(let table): levels.append("+\(table.level.rawValue)")
      case .tableEnd(let level): levels.append("-\(level.rawValue)")
      case .leaves(let run): levels.append("\(run.count)")
      case .reserved, .unreadable: levels.append("?")
      }
    }
    #expect(levels == ["+4", "+3", "+2", "+1", "1", "-1", "-2", "-3", "-4"])
  }

  /// One frame after the other is said to be so; another order still makes one run, with its lowest and highest frame.
  @Test func runsAndTheirFrames() throws {
    var machine = machine()
    for (page, frame) in [0x10, 0x11, 0x12, 0x40, 0x20].enumerated() {
      machine.map(
        UInt64(page) << 12, to: PhysicalAddress(truncating: UInt64(frame) << 12),
        flags: page == 1 ? Self.leaf | .accessed | .dirty : Self.leaf)
    }
    machine.map(0x6000, to: PhysicalAddress(truncating: 0x1000), flags: Self.leaf | .writeThrough)
    machine.map(0x7000, to: PhysicalAddress(truncating: 0x2000), flags: Self.leaf | .writeThrough)
    let runs = runs(items(&machine))
    #expect(runs.map(\.start.rawValue) == [0, 0x6000])
    #expect(runs.map(\.count) == [5, 2])
    #expect(runs.map(\.isContiguous) == [false, true])
    #expect(runs.map(\.lowest.rawValue) == [0x10000, 0x1000])
    #expect(runs.map(\.highest.rawValue) == [0x40000, 0x2000])
    #expect(runs.map(\.cacheIndex) == [0, 1])
    let entry = try #require(runs.last?.entryAddress)
    #expect(machine.load(entry).map { $0 & 0xf000 } == 0x1000)
  }

  /// PAT is bit 7 of a small page's entry and bit 12 of a large one's.
  @Test func memoryTypesOfBothSizes() {
    var machine = machine()
    machine.map(0x1000, to: PhysicalAddress(truncating: 0x1000), flags: Self.leaf | .pageSize)
    machine.map(
      0x20_0000, to: PhysicalAddress(truncating: 0x40_1000), flags: Self.leaf | .cacheDisable, size: .size2MiB
    )
    machine.map(
      0x4000_0000, to: PhysicalAddress(truncating: 0x4000_1000), flags: Self.leaf, size: .size1GiB)
    let runs = runs(items(&machine))
    #expect(runs.map(\.cacheIndex) == [4, 6, 4])
    #expect(runs.map(\.physical.rawValue) == [0x1000, 0x40_0000, 0x4000_0000])
    #expect(runs.map(\.size) == [.size4KiB, .size2MiB, .size1GiB])
  }

  @Test func reservedBitsAndTablesOutsideMemory() {
    var machine = machine()
    machine.map(0x1000, to: PhysicalAddress(truncating: 0x1000), flags: Self.leaf)
    machine.map(0x20_0000, to: PhysicalAddress(truncating: 0x20_0000), flags: Self.leaf, size: .size2MiB)
    // A frame above MAXPHYADDR, padding of a large page, PS in the root, and a table where no memory is.
    for page in 5..<8 as Range<UInt64> {
      machine.map(page << 12, to: PhysicalAddress(truncating: 1 << 40), flags: Self.leaf)
    }
    machine.edit(.pageDirectory, of: 0x20_0000) { $0 | 1 << 13 }
    machine.map(0x40_0000, to: PhysicalAddress(truncating: 0), flags: Self.leaf, size: .size2MiB)
    machine.edit(.pageDirectory, of: 0x40_0000) { _ in 0x80_0000_0000 - 0x1000 | 3 }
    machine.store(0x1083, at: machine.root.address + 3 * 8)
    let items = items(&machine)
    let reserved = items.compactMap { if case .reserved(let run) = $0 { run } else { nil } }
    #expect(reserved.map(\.level) == [.pageTable, .pageDirectory, .pml4])
    #expect(reserved.map(\.index) == [5, 1, 3])
    #expect(reserved.map(\.count) == [3, 1, 1])
    #expect(reserved.map(\.mask) == [1 << 40, 1 << 13, 1 << 7])
    #expect(reserved.map(\.last.rawValue) == [0x7fff, 0x3f_ffff, 0x1ff_ffff_ffff])
    let unreadable = items.compactMap { if case .unreadable(let table) = $0 { table } else { nil } }
    #expect(unreadable.map(\.frame.address.rawValue) == [0x80_0000_0000 - 0x1000])
    #expect(unreadable.map(\.level) == [.pageTable])
    #expect(unreadable.first?.position?.index == 2)
  }

  /// With five levels bit 47 is an ordinary bit: the upper half of PML5[0] is not sign-extended.
  @Test func fiveLevels() {
    var machine = machine(.five)
    let addresses: [UInt64] = [
      0x1000, 0x8000_0000_0000, 0xff_ffff_ffff_f000, 0xff00_0000_0000_0000, 0xffff_ffff_ffff_f000,
    ]
    for address in addresses { machine.map(address, to: PhysicalAddress(truncating: 0), flags: Self.leaf) }
    #expect(runs(items(&machine)).map(\.start.rawValue) == addresses)
    #expect(runs(items(&machine)).last?.last.rawValue == .max)
  }

  /// From the middle of one table to the middle of another, and both sides of the hole.
  @Test func partsOfAnAddressSpace() {
    var machine = machine()
    let addresses: [UInt64] = [
      0, 0x5000, 0x7fff_ffff_f000, 0xffff_8000_0000_0000, 0xffff_8000_0020_3000, 0xffff_ffff_ffff_f000,
    ]
    for address in addresses { machine.map(address, to: PhysicalAddress(truncating: 0), flags: Self.leaf) }
    for (first, firstIndex) in [(0, 0), (1, 0), (0x1000, 1), (0x5fff, 1), (0x6000, 2), (1 << 47, 3)] {
      #expect(
        runs(items(&machine, from: UInt64(first))).map(\.start.rawValue) == Array(addresses[firstIndex...]),
        "from \(first)")
    }
    for (last, count) in [
      (0xfff, 1), (0x4fff, 1), (0x5000, 2), (1 << 47, 3), (0xffff_8000_0000_0fff as UInt64, 4), (.max, 6),
    ] {
      #expect(
        runs(items(&machine, through: last)).map(\.start.rawValue) == Array(addresses[..<count]),
        "through \(last)")
    }
    #expect(items(&machine, from: 0x9000, through: 0x8000).isEmpty)
    #expect(runs(items(&machine, from: 0x7ff0_0000_0000, through: 0xffff_8000_0020_2fff)).count == 2)
  }

  /// Random tables that name each other in every way, each page against the walk for it.
  @Test(arguments: 0..<24)
  func everyPageIsWhatTheWalkSays(seed: Int) {
    var machine = machine(seed & 1 == 0 ? .four : .five)
    var random = Generator(state: UInt64(seed) &* 0x9e37_79b9_7f4a_7c15 | 1)
    let frames = [machine.root] + (0..<6).map { _ in machine.allocateFrame() }
    for frame in frames {
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let index = Int.random(in: 0..<512, using: &random)
        let target = frames.randomElement(using: &random) ?? machine.root
        var raw = target.address.rawValue | UInt64.random(in: 0..<0x1000, using: &random) | 1
        if Int.random(in: 0..<3, using: &random) == 0 { raw |= 1 << 63 }
        if Int.random(in: 0..<12, using: &random) == 0 { raw |= 1 << 41 }
        if Int.random(in: 0..<2, using: &random) == 0 { raw &= ~0x80 }
        machine.store(raw, at: frame.address + UInt64(index * 8))
      }
    }
    var end: UInt64?
    for item in items(&machine, most: 3000) {
      switch item {
      case .leaves(let run):
        let inside = run.start + UInt64.random(in: 0..<run.byteCount, using: &random)
        for address in [run.start, inside, run.last] {
          let walk = machine.walk(address, root: machine.root, mode: machine.mode)
          #expect(walk.rights == run.rights)
          guard case .mapped(let physical, let size) = walk.outcome else {
            Issue.record("\(address) is not mapped")
            continue
          }
          #expect(size == run.size)
          #expect(run.lowest <= physical && physical.rawValue < run.highest.rawValue + size.bytes)
          if run.isContiguous { #expect(physical == run.physical + (address.rawValue &- run.start.rawValue)) }
        }
        expectNothing(&machine, between: end, and: run.start.rawValue)
        end = run.last.rawValue
      case .reserved(let run):
        let walk = machine.walk(run.start, root: machine.root, mode: machine.mode)
        #expect(walk.outcome == .reservedBits(run.level, mask: run.mask))
        expectNothing(&machine, between: end, and: run.start.rawValue)
        end = run.last.rawValue
      case .table, .tableEnd, .unreadable: continue
      }
    }
  }

  private func expectNothing(_ machine: inout TestMachine, between end: UInt64?, and start: UInt64) {
    guard let end, end &+ 1 < start else { return }
    for address in [end &+ 1, start &- 1, end &+ (start &- end) / 2] {
      let walk = machine.walk(VirtualAddress(address), root: machine.root, mode: machine.mode)
      #expect(walk.physicalAddress == nil, "\(address) is mapped")
    }
  }
}

/// xorshift64: the same tables in each run.
private struct Generator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state
  }
}
