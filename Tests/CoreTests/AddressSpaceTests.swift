import Testing
import X86

@testable import Core

@Suite struct AddressSpaceTests {
  private let pool = FramePool(frames: 64)

  private func walk(_ space: AddressSpace, _ address: UInt64) -> PageWalk {
    pool.frames.memory.walk(VirtualAddress(address), root: space.root, mode: .building)
  }

  private func map(
    _ space: AddressSpace, _ page: UInt64, to target: UInt64, _ size: PageSize = .size4KiB,
    flags: PageTableEntry.Flags = .writable
  ) throws(MappingError) {
    try space.map(
      VirtualAddress(page), to: PhysicalAddress(truncating: target), size: size, flags: flags,
      frames: &pool.frames)
  }

  private func space() throws(MappingError) -> AddressSpace { try AddressSpace(frames: &pool.frames) }

  @Test func aNewSpaceMapsNothing() throws {
    let space = try space()
    #expect(pool.freeCount == pool.initialCount - 1)
    for address in [0, 0x1000_0000, 0xffff_8000_0000_0000, UInt64.max] {
      #expect(walk(space, address).outcome == .notPresent(.pml4))
    }
  }

  /// The frames of one range again and again, two tables long, and nothing at either end.
  @Test func fillsWholeTables() throws {
    let space = try space()
    let target = MemoryRange(start: 0x10_0000, end: 0x10_3000)
    try space.fill(
      tables: 2, at: VirtualAddress(0xffff_ca80_0020_0000), with: target, flags: .noExecute,
      frames: &pool.frames)
    for page in [0, 1, 2, 3, 511, 512, 1023] as [UInt64] {
      let walk = walk(space, 0xffff_ca80_0020_0000 + page << 12)
      #expect(walk.physicalAddress?.rawValue == 0x10_0000 + (page % 3) << 12)
      #expect(walk.rights == PageRights(isWritable: false, isUser: false, isExecutable: false))
    }
    #expect(walk(space, 0xffff_ca80_001f_f000).outcome == .notPresent(.pageDirectory))
    #expect(walk(space, 0xffff_ca80_0060_0000).outcome == .notPresent(.pageDirectory))
    #expect(throws: MappingError.misaligned) {
      try space.fill(tables: 1, at: VirtualAddress(0x1000), with: target, flags: .none, frames: &pool.frames)
    }
    #expect(throws: MappingError.outOfFrames) {
      try space.fill(tables: 100, at: VirtualAddress(0), with: target, flags: .none, frames: &pool.frames)
    }
  }

  struct Mapping: Sendable {
    let page: UInt64
    let target: UInt64
    let size: PageSize
    /// Tables that it takes beside the root.
    let tables: Int
  }

  @Test(arguments: [
    Mapping(page: 0x1000_0000, target: 0x7000, size: .size4KiB, tables: 3),
    Mapping(page: 0x7fff_ffff_f000, target: 0xf_ffff_ffff_f000, size: .size4KiB, tables: 3),
    Mapping(page: 0xffff_ffff_ffff_f000, target: 0, size: .size4KiB, tables: 3),
    Mapping(page: 0xffff_8000_0020_0000, target: 0x20_0000, size: .size2MiB, tables: 2),
    Mapping(page: 0xffff_8000_4000_0000, target: 0x4000_0000, size: .size1GiB, tables: 1),
  ])
  func mapsOnePageAndNoOther(mapping: Mapping) throws {
    let space = try space()
    try map(space, mapping.page, to: mapping.target, mapping.size)
    #expect(pool.freeCount == pool.initialCount - 1 - mapping.tables)
    for offset in [0, 8, mapping.size.bytes - 1] {
      let place = PhysicalAddress(truncating: mapping.target + offset)
      #expect(walk(space, mapping.page + offset).outcome == .mapped(place, size: mapping.size))
    }
    for neighbour in [mapping.page &- 1, mapping.page &+ mapping.size.bytes] {
      #expect(walk(space, neighbour).physicalAddress == nil)
    }
  }

  @Test func givesTheLeafItsRights() throws {
    let space = try space()
    let kinds: [(PageTableEntry.Flags, PageRights)] = [
      (.none, PageRights(isWritable: false, isUser: false, isExecutable: true)),
      (.writable | .noExecute, PageRights(isWritable: true, isUser: false, isExecutable: false)),
      (.user, PageRights(isWritable: false, isUser: true, isExecutable: true)),
      (.user | .writable, PageRights(isWritable: true, isUser: true, isExecutable: true)),
      (.user | .noExecute, PageRights(isWritable: false, isUser: true, isExecutable: false)),
    ]
    for (number, (flags, rights)) in kinds.enumerated() {
      let page = 0x40_0000 + UInt64(number) * 4096
      try map(space, page, to: 0x5000, flags: flags)
      #expect(walk(space, page).rights == rights)
    }
  }

  /// In the upper half no table says "user", so a wrong leaf alone cannot open it to Ring 3.
  @Test func tablesOfTheUpperHalfAreTheKernels() throws {
    let space = try space()
    try map(space, 0xffff_c900_0000_1000, to: 0x5000, flags: .writable | .user)
    try map(space, 0x7000_0000_0000, to: 0x5000, flags: .user)
    let upper = walk(space, 0xffff_c900_0000_1000)
    let lower = walk(space, 0x7000_0000_0000)
    for position in 0..<3 {
      #expect(upper[position].entry.flags == .present | .writable)
      #expect(lower[position].entry.flags == .present | .writable | .user)
    }
    #expect(!upper.rights.isUser)
  }

  @Test func refusesWhatIsMisaligned() throws {
    let space = try space()
    let before = pool.freeCount
    let wrong: [(UInt64, UInt64, PageSize)] = [
      (0x1001, 0x1000, .size4KiB), (0x1000, 0x1001, .size4KiB), (0x20_1000, 0, .size2MiB),
      (0x20_0000, 0x1000, .size2MiB), (0x20_0000, 0, .size1GiB), (0, 0x20_0000, .size1GiB),
      (0x8000_0000_0000, 0, .size4KiB), (0xffff_7fff_ffff_f000, 0, .size4KiB),
    ]
    for (page, target, size) in wrong {
      #expect(throws: MappingError.misaligned) { try map(space, page, to: target, size) }
    }
    #expect(pool.freeCount == before)
  }

  @Test(arguments: [PageSize.size4KiB, .size2MiB, .size1GiB])
  func refusesAPageThatIsMapped(size: PageSize) throws {
    let space = try space()
    try map(space, 0x4000_0000, to: 0, size)
    #expect(throws: MappingError.alreadyMapped) { try map(space, 0x4000_0000, to: 0x8000_0000, size) }
    #expect(walk(space, 0x4000_0000).physicalAddress == PhysicalAddress(truncating: 0))
  }

  @Test func refusesSizesThatMeet() throws {
    let space = try space()
    try map(space, 0x4000_0000, to: 0, .size1GiB)
    try map(space, 0x8000_0000, to: 0, .size2MiB)
    try map(space, 0xc000_0000, to: 0, .size4KiB)
    // Below a large page.
    #expect(throws: MappingError.sizeConflict) { try map(space, 0x4000_0000, to: 0, .size2MiB) }
    #expect(throws: MappingError.sizeConflict) { try map(space, 0x4000_1000, to: 0, .size4KiB) }
    #expect(throws: MappingError.sizeConflict) { try map(space, 0x8000_1000, to: 0, .size4KiB) }
    // Where a table stands.
    #expect(throws: MappingError.sizeConflict) { try map(space, 0x8000_0000, to: 0, .size1GiB) }
    #expect(throws: MappingError.sizeConflict) { try map(space, 0xc000_0000, to: 0, .size2MiB) }
    #expect(throws: MappingError.sizeConflict) { try map(space, 0xc000_0000, to: 0, .size1GiB) }
    #expect(walk(space, 0xc000_0000).physicalAddress == PhysicalAddress(truncating: 0))
  }

  /// However far a mapping gets before memory ends, what it took is in the tree and comes back with it.
  @Test(arguments: 0...3)
  func outOfFramesLosesNothing(available: Int) throws {
    let space = try space()
    let before = pool.freeCount
    let held = try pool.drain(leaving: available)
    if available < 3 {
      #expect(throws: MappingError.outOfFrames) { try map(space, 0x1000_0000, to: 0x7000) }
      #expect(walk(space, 0x1000_0000).physicalAddress == nil)
    } else {
      try map(space, 0x1000_0000, to: 0x7000)
    }
    try space.release(rootEntry: 0, freeing: .tables, frames: &pool.frames)
    for frame in held { try pool.free(frame) }
    #expect(pool.freeCount == before)
  }

  @Test func noFrameForTheRoot() {
    let pool = FramePool(frames: 1)
    _ = pool.drain()
    #expect(throws: MappingError.outOfFrames) { try AddressSpace(frames: &pool.frames) }
  }

  @Test func unmapsOnePage() throws {
    let space = try space()
    try map(space, 0x1000_0000, to: 0x7000)
    try map(space, 0x1000_1000, to: 0x8000)
    let before = pool.freeCount
    let frame = try space.unmap(VirtualAddress(0x1000_0000), frames: &pool.frames)
    #expect(frame == PhysicalFrame(number: 7))
    #expect(walk(space, 0x1000_0000).outcome == .notPresent(.pageTable))
    #expect(walk(space, 0x1000_1000).physicalAddress == PhysicalAddress(truncating: 0x8000))
    // The frame is the caller's, and the tables stay.
    #expect(pool.freeCount == before)
    try map(space, 0x1000_0000, to: 0x9000)
    #expect(pool.freeCount == before)
  }

  @Test func unmapsNothingElse() throws {
    let space = try space()
    try map(space, 0x4000_0000, to: 0, .size1GiB)
    try map(space, 0x8000_0000, to: 0, .size2MiB)
    for page in [0x1000_0000, 0x4000_0000, 0x8000_0000, 0x8000_0000_0000] as [UInt64] {
      #expect(throws: MappingError.notMapped) {
        try space.unmap(VirtualAddress(page), frames: &pool.frames)
      }
    }
    #expect(walk(space, 0x4000_0000).physicalAddress != nil)
    #expect(walk(space, 0x8000_0000).physicalAddress != nil)
  }

  @Test func releaseFreesExactlyTheTables() throws {
    let space = try space()
    try map(space, 0x8000_0000_0000 - 0x1000, to: 0x7000)
    let before = pool.freeCount
    let leaves = try (0..<3).map { _ in try pool.allocate() }
    // Six tables: one PDPT, two PDs, three PTs; large pages beside them.
    try map(space, 0x1000, to: leaves[0].address.rawValue)
    try map(space, 0x20_0000, to: leaves[1].address.rawValue)
    try map(space, 0x4000_0000, to: leaves[2].address.rawValue)
    try map(space, 0x40_0000, to: 0x40_0000, .size2MiB)
    try map(space, 0x8000_0000, to: 0x8000_0000, .size1GiB)
    #expect(pool.freeCount == before - 3 - 6)
    try space.release(rootEntry: 0, freeing: .tables, frames: &pool.frames)
    #expect(pool.freeCount == before - 3)
    #expect(walk(space, 0x1000).outcome == .notPresent(.pml4))
    // The leaves are still their owner's, and the other entry is as it was.
    for leaf in leaves { try pool.free(leaf) }
    #expect(walk(space, 0x8000_0000_0000 - 0x1000).physicalAddress == PhysicalAddress(truncating: 0x7000))
  }

  @Test func releaseFreesTheLeavesWhenAsked() throws {
    let space = try space()
    let before = pool.freeCount
    for number in 0..<4 as Range<UInt64> {
      let leaf = try pool.allocate()
      try map(space, number * 0x10_0000_0000, to: leaf.address.rawValue)
    }
    // A large page over frames that the allocator owns: it is nobody's to free.
    try map(space, 0x20_0000, to: 0, .size2MiB)
    try space.release(rootEntry: 0, freeing: .leaves, frames: &pool.frames)
    #expect(pool.freeCount == before)
    #expect(pool.ram.strayStores == 0)
  }

  @Test func releaseOfAnEmptyEntryDoesNothing() throws {
    let space = try space()
    let before = pool.freeCount
    for index in 0..<512 { try space.release(rootEntry: index, freeing: .leaves, frames: &pool.frames) }
    #expect(pool.freeCount == before)
  }
}
