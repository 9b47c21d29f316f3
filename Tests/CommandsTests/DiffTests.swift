import Inspect
import Render
import Session
import Testing
import X86

/// What `diff` makes of large pages, and of all address spaces together.
@Suite struct DiffTests {
  /// Two roots with a page directory for each of the first three gigabytes, and the fourth a page of its own: a kernel
  /// that maps its memory with large pages, and one that maps less of it.
  private static func makeLargePages() -> FakeMachine {
    let machine = RunningExample.make()
    for (root, pointers) in [(0x1000, 0x3000), (0x2000, 0x4000)] as [(UInt64, UInt64)] {
      machine.store(pointers | 0x27, at: root)
      for gigabyte in 0..<3 as Range<UInt64> {
        machine.store(root + 0x4000 + gigabyte << 13 | 0x27, at: pointers + gigabyte * 8)
      }
    }
    func left(_ entry: UInt64) -> UInt64 { 0x5000 + (entry >> 9) << 13 + (entry & 511) * 8 }
    func right(_ entry: UInt64) -> UInt64 { left(entry) + 0x1000 }
    // Missing on one side, in one table; the next ones have G, which is another way.
    for entry in 3...17 as ClosedRange<UInt64> { machine.store(0x00e3 | entry << 21, at: left(entry)) }
    for entry in 18...19 as ClosedRange<UInt64> { machine.store(0x01e3 | entry << 21, at: left(entry)) }
    // The same, with a gap; then a table of small pages, which stays apart.
    machine.store(0x00e3 | 21 << 21, at: left(21))
    machine.store(0xb027, at: left(22))
    for page in 0..<512 as Range<UInt64> { machine.store(0x0063 | page << 12, at: 0xb000 + page * 8) }
    machine.store(0x00e3 | 23 << 21, at: left(23))
    // Other rights.
    for entry in 100...163 as ClosedRange<UInt64> {
      machine.store(0x00e3 | entry << 21, at: left(entry))
      machine.store(0x00e1 | entry << 21, at: right(entry))
    }
    // Through the end of a table and the whole of the next.
    for entry in 510...1029 as ClosedRange<UInt64> { machine.store(0x00e3 | entry << 21, at: right(entry)) }
    // Reserved bits in neighbours.
    for entry in 1100...1102 as ClosedRange<UInt64> { machine.store(0x0020_20a3, at: right(entry)) }
    for gigabyte in 3...9 as ClosedRange<UInt64> {
      machine.store(0x00e3 | gigabyte << 30, at: 0x3000 + gigabyte * 8)
      machine.store(0x00e3 | (gigabyte + 1) << 30, at: 0x4000 + gigabyte * 8)
    }
    return machine
  }

  @Test func largePagesThatDifferAlikeAreOne() {
    expectGolden(Transcript.both(["diff 0x1000 0x2000"], Self.makeLargePages), "diff-large-pages")
  }

  /// However the differences are put together, each byte counts once, and each entry.
  @Test func mergingLosesNothing() {
    var comparison = AddressSpaceComparison(
      CR3(rawValue: 0x1000), CR3(rawValue: 0x2000), half: .both, of: Self.makeLargePages())
    var differences: [AddressSpaceDifference] = []
    comparison.run { differences.append($0) }
    let totals = comparison.totals
    #expect(totals.onlyFirst == (15 + 2 + 3) << 21)
    #expect(totals.onlySecond == 520 << 21)
    #expect(totals.otherRights == 64 << 21)
    #expect(totals.otherMemory == 7 << 30)
    #expect(totals.faulty == 3)
    let bytes = differences.filter { $0.kind != .malformed }.reduce(0) { $0 + $1.byteCount }
    #expect(bytes == totals.onlyFirst + totals.onlySecond + totals.otherRights + totals.otherMemory)
    #expect(differences.map(\.partingEntries) == [15, 2, 1, 1, 1, 64, 520, 3, 7])
  }

  // MARK: The kernel half everywhere

  /// Three processors: the process's table, one whose kernel half is damaged, and one that is the first with another
  /// user half. With `slots`, the kernel declares PML4[402] and PML4[404] private.
  private static func makeSpaces(slots: Bool) -> FakeMachine {
    let machine = RunningExample.make()
    let damaged: UInt64 = 0x10_5000
    let twin: UInt64 = 0x10_6000
    for index in 256..<512 as Range<UInt64> {
      for root in [damaged, twin] {
        machine.qwords[root + index * 8] = machine.qwords[RunningExample.kernelCR3 + index * 8]
      }
    }
    machine.store(0, at: damaged + 402 * 8)
    machine.store(0, at: damaged + 403 * 8)
    machine.store(0, at: RunningExample.processCR3 + 402 * 8)
    machine.otherProcessors = [machine.registerFile, machine.registerFile]
    machine.otherProcessors[0].cr3 = CR3(rawValue: damaged)
    machine.otherProcessors[1].cr3 = CR3(rawValue: twin)
    guard slots else { return machine }
    machine.store(
      1 << 18 | 1 << 20, linear: RunningExample.table + 472 + 6 * 8, root: RunningExample.kernelCR3)
    machine.store(
      1 | 672 << 32, linear: RunningExample.table + 8, root: RunningExample.kernelCR3)
    return machine
  }

  @Test func theKernelHalfEverywhere() {
    expectGolden(
      Transcript.both(["diff --kernel-half", "diff --kernel-half --kernel-half"]) {
        Self.makeSpaces(slots: false)
      }, "diff-kernel-half")
  }

  /// What the kernel declares private may differ; what it does not, may not.
  @Test func declaredPrivateEntriesMayDiffer() {
    expectGolden(
      Transcript.both(["diff --kernel-half"]) { Self.makeSpaces(slots: true) }, "diff-kernel-half-private")
  }

  /// A kernel that says nothing about itself: the loaded table is the one to compare with, and may be all there is.
  @Test func theLoadedTableWhereTheKernelNamesNone() {
    let one = Transcript.both(["diff --kernel-half"], program: nil) { RunningExample.make() }
    let several = Transcript.both(["diff --kernel-half"], program: nil) { Self.makeSpaces(slots: false) }
    expectGolden(one + "\n" + several, "diff-kernel-half-unnamed")
  }

  /// More differences than are written out, all of which count; in JSON all are there.
  @Test func manyDifferencesAreCut() {
    let machine = Self.makeSpaces(slots: false)
    let table: UInt64 = 0x10_7000
    machine.store(table + 0x1000 | 0x27, at: table)
    machine.store(table + 0x2000 | 0x27, at: table + 0x1000)
    for page in stride(from: 0 as UInt64, to: 80, by: 2) {
      machine.store(0x40_0063 | page << 12, at: table + 0x2000 + page * 8)
    }
    machine.store(table | 0x27, at: 0x10_6000 + 300 * 8)
    let text = Transcript(machine).run(["diff --kernel-half"])
    #expect(
      text.contains(
        "\n    24 more lines: diff 0x102000 0x106000 --kernel-half\n    160 KiB only under 0x106000\n"),
      "\(text)")
    #expect(text.split(separator: "\n").count(where: { $0.contains("part at PML4[300]") }) == 16)
    let json = Transcript(machine).run(["diff --kernel-half"], .json)
    #expect(json.split(separator: "\"index\":300").count == 41)
  }

  /// Ctrl-C ends it between two tables, and nothing is said of what was not compared.
  @Test func isInterrupted() throws {
    let machine = Self.makeSpaces(slots: false)
    let request = InterruptRequest()
    let spaces = try KnownSpaces(of: machine, kernel: nil, references: ReferenceTables())
    let answer = KernelHalfAnswer(
      spaces, loaded: machine.registerFile.cr3, declaredPrivate: [], of: machine, interrupt: request)
    request.set()
    let text = answer.text(.monochrome, names: NoNames())
    #expect(text.hasSuffix("\nthe comparison ends before its time\n"), "\(text)")
    #expect(!text.contains("agrees"))
    let members = answer.members(names: NoNames())
    #expect(members["same"] == .null)
    #expect(members["spaces"] != .array([]))
  }
}
