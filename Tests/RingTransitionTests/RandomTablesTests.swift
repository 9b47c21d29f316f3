import RingTransition
import TestSupport
import Testing
import X86

/// Memory that is nothing but page tables: a few frames whose entries lead to one another, to pages, to themselves and
/// nowhere.
private struct RandomTables: MachineView {
  var registers = RegisterFile()
  private(set) var loads = 0
  private(set) var strays = 0
  private var frames: [[UInt64]]
  static let frameCount: UInt64 = 12

  init(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let density = 1 + random.next() % 64
    frames = (0..<Self.frameCount).map { _ in
      (0..<512).map { _ in random.next() % 64 < density ? Self.entry(&random) : 0 }
    }
    registers.cr0 = .protectionEnable | .paging | .writeProtect
    registers.cr4 =
      random.one(in: 4) ? .physicalAddressExtension | .fiveLevelPaging : .physicalAddressExtension
    registers.efer = .longModeEnable | .longModeActive | .noExecuteEnable
    registers.cr3 = CR3(rawValue: random.next() % Self.frameCount << 12)
    registers.physicalAddressBits = 40
  }

  private static func entry(_ random: inout SeededGenerator) -> UInt64 {
    // Mostly tables, sometimes a large page, sometimes noise.
    var entry = random.next() % (frameCount + 2) << 12 | 1
    entry |= random.next() & 0x166
    if random.one(in: 8) { entry |= 1 << 7 }
    if random.one(in: 2) { entry |= 1 << 63 }
    return random.one(in: 32) ? random.next() : entry
  }

  mutating func load(_ address: PhysicalAddress) -> UInt64? {
    loads += 1
    if address.rawValue % 8 != 0 { strays += 1 }
    let number = address.rawValue >> 12
    guard number < Self.frameCount else { return nil }
    return frames[Int(number)][Int(address.rawValue >> 3 & 511)]
  }

  mutating func read(_ address: PhysicalAddress, into bytes: inout MutableRawSpan) -> Bool { false }
}

/// The pass over whole tables against the walker, which knows nothing of it.
@Suite struct RandomTablesTests {
  private static var options: AuditOptions {
    var options = AuditOptions()
    options.generatedCode = .unused
    return options
  }

  private func audited(_ machine: inout RandomTables, room: Int = 1 << 16) -> FindingCollector {
    var scratch = HostScratch(limit: room)
    var collector = FindingCollector()
    auditTables(&machine, options: Self.options, scratch: &scratch, sink: &collector)
    return collector
  }

  /// What a page at `walk` breaks, by the manual's words.
  private func broken(_ walk: PageWalk) -> Set<UInt16> {
    guard walk.physicalAddress != nil else { return [] }
    // A root entry that leads to the root shows tables as data, and is judged by its own bits.
    guard walk[0].entry.frame != walk.root else { return walk[0].entry.flags.contains(.user) ? [103] : [] }
    let (rights, isKernelHalf) = (walk.rights, walk.address.isUpperHalf)
    var rules: Set<UInt16> = []
    if rights.isUser && isKernelHalf { rules.insert(101) }
    if rights.isWritable && rights.isExecutable && (isKernelHalf || rights.isUser) { rules.insert(104) }
    return rules
  }

  @Test func agreesWithTheWalker() {
    var violations = 0
    for seed in UInt64(0)..<40 {
      var machine = RandomTables(seed: seed)
      let collector = audited(&machine)
      #expect(machine.strays == 0, "seed \(seed)")
      // Each of 12 frames at five levels under eight sets of rights in two halves, and once more to be found.
      #expect(machine.loads < 12 * 5 * 8 * 2 * 512 + 200_000, "seed \(seed): \(machine.loads) loads")
      let violated = Set(collector.findings.filter(\.isViolated).map(\.rule.number))
      violations += violated.count
      for finding in collector.findings {
        guard case .violated(let evidence) = finding.verdict else { continue }
        switch (finding.rule.number, evidence) {
        case (101, .rights(let walk)), (104, .rights(let walk)):
          #expect(broken(walk).contains(finding.rule.number), "seed \(seed), RT-\(finding.rule.number)")
        case (103, .sharedFrame(let walk, _)):
          #expect(walk.physicalAddress != nil && walk.rights.isUser, "seed \(seed), RT-103")
        default: break
        }
      }
      var random = SeededGenerator(seed: ~seed)
      let mode = machine.registers.pagingMode
      for _ in 0..<400 {
        let unused = UInt64(64 - mode.depth.addressBits)
        let address = VirtualAddress(
          UInt64(bitPattern: Int64(bitPattern: random.next() << unused) >> unused))
        let walk = machine.walk(address, root: machine.registers.cr3.root, mode: mode)
        #expect(broken(walk).isSubset(of: violated), "seed \(seed), \(address.rawValue)")
      }
    }
    #expect(violations > 40)
  }

  @Test func littleRoomIsNeverCalledHeld() {
    for seed in UInt64(0)..<10 {
      for room in [0, 1, 7, 40] {
        var whole = RandomTables(seed: seed)
        let all = audited(&whole)
        var machine = RandomTables(seed: seed)
        let part = audited(&machine, room: room)
        for (finding, complete) in zip(part.findings, all.findings) where finding.isHeld {
          #expect(!complete.isViolated, "seed \(seed), room \(room), RT-\(finding.rule.number)")
        }
      }
    }
  }

  @Test func returnsThroughNoiseAreAuditedWithinBounds() {
    for seed in UInt64(0)..<30 {
      var machine = RandomTables(seed: seed)
      machine.registers.rsp = 0xffff_8000_0000_1000
      var options = AuditOptions()
      options.referenceRoot = PhysicalFrame(containing: PhysicalAddress(truncating: 0x3000))
      options.memory.insert(low: 0, high: 0xc000)
      var collector = FindingCollector()
      auditReturn(&machine, options: options, sink: &collector)
      #expect(machine.strays == 0 && machine.loads < 100_000, "seed \(seed)")
      #expect(!collector.findings.isEmpty)
    }
  }
}
