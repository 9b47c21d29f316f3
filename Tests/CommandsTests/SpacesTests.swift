import Commands
import Inspect
import Render
import Session
import Testing
import X86

/// Several address spaces: which are known, where a frame is mapped, and where two of them part.
@Suite struct SpacesTests {
  @Test func spaces() {
    expectGolden(
      Transcript.both(["spaces", "stepi", "spaces", "spaces now"]) {
        let machine = RunningExample.make()
        machine.otherProcessors = [machine.registerFile]
        machine.otherProcessors[0].cr3 = CR3(rawValue: 0x10_5000)
        machine.episodes = [
          { machine in
            machine.registerFile.cr3 = CR3(rawValue: RunningExample.kernelCR3)
            return .signal(StopEvent.trapSignal, thread: nil, watch: nil)
          }
        ]
        return machine
      }, "spaces")
  }

  /// A kernel's own list, as a configuration file says where it is: four entries of 32 bytes (next, tables, number,
  /// name), the last of which leads to `end`.
  private static func machineWithList(end: UInt64) -> FakeMachine {
    let machine = RunningExample.make()
    machine.registerFile.physicalAddressBits = 40
    let start = RunningExample.data + 0x800
    let tables: [UInt64] = [0xffff_8000_001c_5000, 0xffff_8000_0010_5000, 0, 0xffff_8000_001c_5000]
    for index in 0..<4 as Range<UInt64> {
      let entry = start + index * 32
      let link = index == 3 ? end : entry + 32
      let fields = [link, tables[Int(index)], 100 + index | 0xdead << 32, 0x1b_0062_6100 + index << 8]
      for (offset, field) in zip((0 as UInt64)..., fields) {
        machine.store(field, linear: entry + offset * 8, root: RunningExample.kernelCR3)
      }
    }
    return machine
  }

  private static let list = """
    process-first = trap_stubs - trap_stubs + \(RunningExample.data + 0x800)
    process-next = *$process
    process-cr3 = *($process+8) - 0xffff800000000000
    process-number = {u32} ($process + 16)
    process-name = $process + 25

    """

  @Test(arguments: [
    ("linked", 0, list), ("circle", RunningExample.data + 0x800, list),
    ("loop", RunningExample.data + 0x820, list), ("torn", 0x5000, list),
    ("array", 0x5000, list.replacing("*$process\n", with: "$process + 32\nprocess-count = 3\n")),
    ("nowhere", 0, list.replacing("process-first = ", with: "process-first = *0x6000 + ")),
  ])
  func listedProcesses(_ name: String, end: UInt64, configuration: String) {
    func run(_ commands: [String], _ format: Output.Format) -> String {
      Transcript(Self.machineWithList(end: end), configuration: configuration).run(commands, format)
    }
    expectGolden(
      run(["spaces", "find 0x231000 --all"], .text(.monochrome)) + "\n" + run(["spaces"], .json),
      "spaces-\(name)")
  }

  /// In Ring 3 under page-table isolation the loaded table maps nothing of the kernel: the one beside it, or the declared
  /// one, does.
  @Test(arguments: [(0x10_3000, ""), (0x10_7000, "page-table-pairs = 0x102000:0x107000\n"), (0x10_7000, "")])
  func listUnderIsolation(cr3: UInt64, pair: String) throws {
    let machine = Self.machineWithList(end: 0)
    machine.registerFile.cr3 = CR3(rawValue: cr3)
    let output = Transcript(machine, configuration: Self.list + pair).run(["spaces"])
    if cr3 == 0x10_7000, pair.isEmpty {
      #expect(output.contains("the list of processes ends before its time"), "\(output)")
    } else {
      #expect(output.contains("CR3 0x105000  process 101 (bb)\n"), "\(output)")
      #expect(!output.contains("before its time"))
    }
  }

  @Test func find() {
    expectGolden(
      Transcript.both(
        [
          "find 0x231123", "find 0x231000 --all", "find 0x231000 --cr3 0x102000",
          "find 0x300000 --cr3 0x102000",
          "find 0x200000+0x10 --all", "find 0x5000000000", "find", "find 0x1000 --cr3 0x102000 --all",
          "find 0x10000000000000",
        ], RunningExample.make), "find")
  }

  /// A frame that thousands of aliases map, and one inside of a large page.
  @Test func findAliases() {
    expectGolden(
      Transcript.both(["find 0x5678", "find 0x4012345"]) {
        let machine = RunningExample.make()
        machine.registerFile.cr3 = CR3(rawValue: 0x1000)
        machine.store(0x2027, at: 0x1000)
        for index in 0..<4 as Range<UInt64> { machine.store(0x3027, at: 0x2000 + index * 8) }
        for index in 8..<512 as Range<UInt64> { machine.store(0x4027, at: 0x3000 + index * 8) }
        machine.store(0x0400_00e5, at: 0x3000)
        for index in [1, 16] as [UInt64] { machine.store(0x5065, at: 0x4000 + index * 8) }
        return machine
      }, "find-aliases")
  }

  @Test func diff() {
    expectGolden(
      Transcript.both(
        [
          "diff 0x102000", "diff 0x1c5000 0x102000 --kernel-half", "diff 0x102000 0x102000",
          "diff 0x102000 0x1c5000", "diff", "diff 1 2 3", "diff 0x102000 --both",
        ], RunningExample.makeWithoutStack), "diff")
  }

  /// Pages against large pages, other frames, other rights, broken entries, aliases.
  @Test func diffOddities() {
    expectGolden(
      Transcript.both(["diff 0x1000 0x2000", "diff 0x2000 0x1000", "diff 0x1000 0x2000 --kernel-half"]) {
        let machine = RunningExample.make()
        for (root, directories) in [(0x1000, 0x3000), (0x2000, 0x4000)] as [(UInt64, UInt64)] {
          machine.store(directories | 0x27, at: root)
          machine.store(directories + 0x2000 | 0x27, at: directories)
          // What both name is no difference, whatever is in it.
          machine.store(0x7027, at: directories + 8)
          machine.store(root | 0x23, at: root + 511 * 8)
        }
        let (left, right): (UInt64, UInt64) = (0x5000, 0x6000)
        // 2 MiB as one page and as 512, of which one has other rights and one another frame.
        machine.store(0x0040_00e7, at: left)
        machine.store(0x8027, at: right)
        for page in 0..<512 as Range<UInt64> { machine.store(0x40_0067 | page << 12, at: 0x8000 + page * 8) }
        machine.store(0x40_5065, at: 0x8000 + 5 * 8)
        machine.store(0x50_0067, at: 0x8000 + 7 * 8)
        // The same table under other rights, twice.
        for index in 1...2 as ClosedRange<UInt64> {
          machine.store(0x8027, at: left + index * 8)
          machine.store(0x8025, at: right + index * 8)
        }
        // A table here and nothing there, three times; reserved bits; a table outside of memory.
        for index in 3...5 as ClosedRange<UInt64> { machine.store(0x9027, at: left + index * 8) }
        for index in [0, 1, 4] as [UInt64] { machine.store(0x60_0067 + index << 12, at: 0x9000 + index * 8) }
        machine.store(0x0020_20a7, at: right + 6 * 8)
        machine.store(0x40_0000_0027, at: left + 7 * 8)
        return machine
      }, "diff-oddities")
  }

  /// Two roots that are their own tables in every entry: each pair of tables is compared once a level.
  @Test func circlesAreComparedOnce() {
    let machine = RunningExample.make()
    for root in [0x1000, 0x2000] as [UInt64] {
      for index in 0..<512 as Range<UInt64> { machine.store(root | 0x67, at: root + index * 8) }
    }
    var comparison = AddressSpaceComparison(
      CR3(rawValue: 0x1000), CR3(rawValue: 0x2000), half: .both, of: machine)
    var count = 0
    comparison.run { _ in count += 1 }
    #expect(comparison.totals.otherMemory == 1 << 48)
    #expect(count == 1 + 511 * 3)
  }

  /// A difference is one where the walks differ, and nowhere else.
  @Test(arguments: 0..<8)
  func differencesAreWhereTheWalksDiffer(seed: UInt64) {
    let machine = FakeMachine(memoryByteCount: 1 << 20)
    machine.registerFile.cr0 = CR0(rawValue: 0x8001_0033)
    machine.registerFile.cr4 = CR4(rawValue: seed & 1 == 0 ? 0x60 : 0x1060)
    machine.registerFile.efer = EFER(rawValue: 0xd00)
    machine.registerFile.physicalAddressBits = 40
    var state = seed &* 0x9e37_79b9_7f4a_7c15 | 1
    func random(_ bound: UInt64) -> UInt64 {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return (state >> 20) % bound
    }
    let indices: [UInt64] = [0, 1, 255, 256, 511]
    for frame in 1...10 as ClosedRange<UInt64> {
      for index in indices where random(3) != 0 {
        var raw = (1 + random(10)) << 12 | random(0x80) | random(2) << 8 | 1
        if random(3) == 0 { raw |= 1 << 63 }
        if random(3) == 0 { raw |= 0x80 }
        machine.store(raw, at: frame << 12 + index * 8)
      }
    }
    var comparison = AddressSpaceComparison(
      CR3(rawValue: 0x1000), CR3(rawValue: 0x2000), half: .both, of: machine)
    var differences: [AddressSpaceDifference] = []
    comparison.run { differences.append($0) }
    for (before, after) in zip(differences, differences.dropFirst()) { #expect(before.last < after.start) }
    var reader: any Debuggee = machine
    let mode = machine.registerFile.pagingMode
    for _ in 0..<4000 {
      var address: UInt64 = 0
      for _ in 0..<(mode.depth == .five ? 5 : 4) { address = address << 9 | indices[Int(random(5))] }
      address <<= 12
      let shift = UInt64(64 - mode.depth.addressBits)
      let place = VirtualAddress(UInt64(bitPattern: Int64(bitPattern: address << shift) >> Int64(shift)))
      let walks = [0x1000, 0x2000].map { (root: UInt64) in
        reader.walk(place, root: CR3(rawValue: root).root, mode: mode)
      }
      func meaning(_ walk: PageWalk) -> String {
        guard let physical = walk.physicalAddress else {
          if case .reservedBits = walk.outcome { return "broken" }
          return "nothing"
        }
        let leaf = walk[walk.count - 1].entry
        guard case .mapped(_, let size) = walk.outcome else { return "" }
        return "\(physical) \(walk.rights) \(leaf.flags.contains(.global)) \(leaf.cacheIndex(size))"
      }
      let cover = differences.first { $0.start <= place && place <= $0.last }
      let differs = meaning(walks[0]) != meaning(walks[1])
      if case .again = cover?.kind { continue }
      #expect((cover != nil) == differs, "at \(place), \(walks.map(meaning))")
    }
  }
}
