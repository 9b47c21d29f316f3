import Testing
import X86

@testable import Inspect

/// How the reads of an audit are counted: what stands in GDT and IDT by the block, everything else by the qword.
@Suite struct ReadTallyTests {
  private static func tables() -> (DescriptorTableFrames, idt: UInt64, gdt: UInt64) {
    var machine = RunningExample.make()
    let (root, mode) = (machine.registerFile.cr3.root, machine.registerFile.pagingMode)
    let idt = machine.walk(VirtualAddress(RunningExample.idt), root: root, mode: mode).physicalAddress
    let gdt = machine.walk(VirtualAddress(RunningExample.gdt), root: root, mode: mode).physicalAddress
    return (DescriptorTableFrames(of: &machine), idt?.rawValue ?? 0, gdt?.rawValue ?? 0)
  }

  @Test func gatesTogetherAreOneRead() {
    let (tables, idt, _) = Self.tables()
    let gates = Set((0..<32).map { idt + $0 * 8 })
    let tally = ReadTally(of: gates, tables)
    #expect((tally.qwords, tally.reads, tally.requests) == (32, 1, 1))
  }

  @Test func blockEndsWhereRequestEnds() {
    let (tables, idt, _) = Self.tables()
    // The first gate, the last qword that 2 KiB reach, and the system call's: 2,064 bytes in all.
    let tally = ReadTally(of: [idt, idt + 2040, idt + 0x800, idt + 0x808], tables)
    #expect((tally.qwords, tally.reads, tally.requests) == (4, 2, 2))
    #expect(tables.blocks(of: [idt, idt + 2040, idt + 0x800, idt + 0x808]).map(\.byteCount) == [2048, 16])
  }

  @Test func bothTablesAreApart() {
    let (tables, idt, gdt) = Self.tables()
    #expect(ReadTally(of: [gdt + 8, gdt + 0x28, idt], tables).reads == 2)
  }

  @Test func everythingElseCountsByTheQword() {
    let (tables, _, _) = Self.tables()
    let entries = Set((0..<5).map { RunningExample.processCR3 + $0 * 8 })
    let tally = ReadTally(of: entries, tables)
    #expect((tally.qwords, tally.reads, tally.requests) == (5, 5, 1))
  }

  @Test func tablesThatAreNotMappedHoldNothing() {
    var machine = RunningExample.make()
    let unmapped = VirtualAddress(0xffff_ffff_ffff_f000)
    machine.registerFile.interruptTable = TableRegister(base: unmapped, limit: 0xffff)
    machine.registerFile.globalTable = nil
    let tables = DescriptorTableFrames(of: &machine)
    #expect(tables.blocks(of: [0, 8, 0x1000]).isEmpty)
  }
}
