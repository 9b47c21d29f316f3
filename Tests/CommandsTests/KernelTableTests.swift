import Inspect
import RingTransition
import Testing
import X86

/// What the kernel says about itself, and what the audit makes of it.
@Suite struct KernelTableTests {
  private static let block: UInt64 = 0xffff_ffff_8000_5000

  /// The fields behind the first 472 bytes, as docs of the header give their offsets.
  private static func extend(_ machine: FakeMachine, size: UInt64 = 2280) {
    var fields: [UInt64: UInt64] = [
      472 + 6 * 8: 1 << 18, 536 + 2 * 8: 1, 568: 0xffff << 32, 600: RunningExample.text,
      608: RunningExample.text + 0x4000, 616: 0x1111, 624: 0x2222, 632: 0, 640: RunningExample.data + 0x80,
      648: RunningExample.iretq, 656: RunningExample.sysretq, 664: 2,
      2208: CR4.supervisorAccessPrevention.rawValue,
      2216: RunningExample.text + 0x4000, 2224: RunningExample.text + 0x6000,
      2232: 0x7000, 2240: 3, 2248: 0xff_0220, 2256: 0xffff,
      2264: RunningExample.data + 0x800, 2272: 4,
    ]
    for (index, task) in [RunningExample.tss, RunningExample.tss + 0x80].enumerated() {
      let start = 672 + UInt64(index) * 192
      fields[start] = block + UInt64(index) * 0x100
      fields[start + 32] = index == 0 ? 0 : 0xffff_c980_0002_0000
      fields[start + 40] = task
      fields[start + 64] = RunningExample.exitStack + UInt64(index) * 0x10_0000
      fields[start + 72] = RunningExample.exitStack + UInt64(index) * 0x10_0000 + 0x1000
      fields[start + 80] = 0xffff_c980_0001_2000
      fields[start + 88] = 0xffff_c980_0001_2000 + 0x1000 * UInt64(index + 1)
    }
    for (offset, value) in fields {
      machine.store(value, linear: RunningExample.table + offset, root: RunningExample.kernelCR3)
    }
    machine.store(1 | size << 32, linear: RunningExample.table + 8, root: RunningExample.kernelCR3)
  }

  private static func options(of machine: FakeMachine) throws -> AuditOptions {
    var machine = machine
    let table = try #require(KernelTable(at: VirtualAddress(RunningExample.table), in: &machine))
    return KernelDeclarations(table: table).options(for: machine.registers)
  }

  @Test func aShortTableIsReadAsFarAsItGoes() throws {
    var machine = RunningExample.make()
    let table = try #require(KernelTable(at: VirtualAddress(RunningExample.table), in: &machine))
    #expect(table.interface == nil)
    #expect(table.processors.isEmpty)
    #expect(table.constants == nil)
    // The same bytes behind a table that ends before them mean nothing.
    Self.extend(machine, size: 640)
    #expect(KernelTable(at: VirtualAddress(RunningExample.table), in: &machine)?.interface == nil)
    let options = try Self.options(of: machine)
    #expect(options.kernelStackSize == 0x4000)
    #expect(options.systemCallVectors == nil)
    #expect(options.swapgs == .unknown)
    #expect(options.destination == .any)
    // It does not say in which slots tables may differ, so nothing is said of the others.
    #expect(options.referenceRoot == nil)
  }

  @Test func aTableOfAnotherVersionIsNone() {
    var machine = RunningExample.make()
    machine.store(2 | 472 << 32, linear: RunningExample.table + 8, root: RunningExample.kernelCR3)
    #expect(KernelTable(at: VirtualAddress(RunningExample.table), in: &machine) == nil)
  }

  @Test func theKernelDeclaresItsWaysIn() throws {
    let machine = RunningExample.make()
    Self.extend(machine)
    let options = try Self.options(of: machine)
    #expect((0...255).filter { options.systemCallVectors?.contains($0) ?? false } == [0x80])
    #expect((0...255).filter { options.interruptVectors?.contains($0) ?? false } == Array(32...47))
    #expect(options.perProcessSlots[6] == 1 << 18)
    #expect(
      options.kernelText == AddressInterval(low: RunningExample.text, high: RunningExample.text + 0x4000))
    #expect(
      options.kernelConstants
        == AddressInterval(low: RunningExample.text + 0x4000, high: RunningExample.text + 0x6000))
    #expect(options.systemCallStack == .variable(RunningExample.data + 0x80))
    #expect(options.systemCallInstruction == .used)
    #expect(options.swapgs == .used)
    #expect(options.pageTableIsolation == .unused)
    #expect(options.referenceRoot == CR3(rawValue: RunningExample.kernelCR3).root)
    #expect(options.destination == .ringThree)
  }

  @Test func protectionsThatAreOffOnPurpose() throws {
    let machine = RunningExample.make()
    Self.extend(machine)
    #expect(try Self.options(of: machine).protectionsLeftOff == .supervisorAccessPrevention)
    // An older kernel says nothing about them, and misses them.
    Self.extend(machine, size: 2208)
    let options = try Self.options(of: machine)
    #expect(options.protectionsLeftOff.isEmpty)
    #expect(options.processorCount == 2)
  }

  @Test func tablesThatGoAndControlRegistersThatStay() throws {
    let machine = RunningExample.make()
    Self.extend(machine)
    let options = try Self.options(of: machine)
    #expect(options.retiredRoots[0] == PhysicalFrame(containing: PhysicalAddress(truncating: 0x7000)))
    #expect(options.rootRetirement == .listed)
    #expect(options.pendingShootdowns == 3)
    #expect(options.expectedCR4 == ExpectedBits(mask: 0xffff, value: 0x0220))
    machine.store(0, linear: RunningExample.table + 2232, root: RunningExample.kernelCR3)
    machine.store(0, linear: RunningExample.table + 2256, root: RunningExample.kernelCR3)
    #expect(try Self.options(of: machine).retiredRoots[0] == nil)
    #expect(try Self.options(of: machine).rootRetirement == .listed)
    #expect(try Self.options(of: machine).expectedCR4 == nil)
    // An older kernel says nothing.
    Self.extend(machine, size: 2232)
    let older = try Self.options(of: machine)
    #expect(older.rootRetirement == .unknown)
    #expect(older.pendingShootdowns == nil)
    #expect(older.kernelConstants != nil)
  }

  /// Entries of 40 bytes: number, parent, CR3, stack top, state.
  @Test func processesAreListed() throws {
    var machine = RunningExample.make()
    Self.extend(machine)
    let entries: [[UInt64]] = [
      [1, 0, RunningExample.processCR3, RunningExample.rsp0, 1], [0, 7, 0x9000, 0, 0],
      [9, 1, 0, 0, 3], [4, 1, 0x10_5000, 0, 77],
    ]
    for (index, entry) in entries.enumerated() {
      for (field, value) in entry.enumerated() {
        machine.store(
          value, linear: RunningExample.data + 0x800 + UInt64(index * 40 + field * 8),
          root: RunningExample.kernelCR3)
      }
    }
    func list() throws -> ProcessList? {
      try #require(KernelTable(at: VirtualAddress(RunningExample.table), in: &machine)).processes?
        .list(in: machine)
    }
    let processes = [
      ListedProcess(
        number: 1, state: .waitsForChild, tables: [CR3(rawValue: RunningExample.processCR3)]),
      ListedProcess(number: 9, state: .ended), ListedProcess(number: 4, tables: [CR3(rawValue: 0x10_5000)]),
    ]
    #expect(try list() == ProcessList(processes: processes, end: .complete))
    // More than there is memory for, and more than any kernel has.
    let end = RunningExample.table + 2272
    machine.store(4000, linear: end, root: RunningExample.kernelCR3)
    let cut = try #require(try list())
    #expect(cut.processes.starts(with: processes))
    guard case .unreadable(let place?) = cut.end else { return #expect(cut.end == .complete) }
    #expect(place & 0xfff == 0)
    machine.store(1 << 40, linear: end, root: RunningExample.kernelCR3)
    #expect(try list() == ProcessList(processes: [], end: .tooMany(1 << 40)))
    // An older kernel does not say.
    Self.extend(machine, size: 2264)
    #expect(try list() == nil)
  }

  @Test func theFirstProcessorRunsTheProcess() throws {
    let machine = RunningExample.make()
    Self.extend(machine)
    let options = try Self.options(of: machine)
    #expect(options.processorCount == 2)
    #expect(options.perProcessorBlock == Self.block)
    #expect(options.selfPointerOffset == 0)
    #expect(options.currentStackTop == RunningExample.rsp0)
    #expect(options.currentRoot == CR3(rawValue: RunningExample.processCR3).root)
    #expect(options.expectedFSBase == 0x1111)
    #expect(options.expectedGSBase == 0x2222)
    #expect(options.interruptStackSizes[0] == 0x1000)
    #expect(options.otherStacks[1]?.low == RunningExample.exitStack + 0x10_0000)
  }

  @Test func anotherProcessorHasItsOwnStacks() throws {
    let machine = RunningExample.make()
    Self.extend(machine)
    machine.registerFile.taskRegister?.base = RunningExample.tss + 0x80
    let options = try Self.options(of: machine)
    #expect(options.perProcessorBlock == Self.block + 0x100)
    #expect(options.currentStackTop == 0xffff_c980_0002_0000)
    #expect(options.currentRoot == nil)
    #expect(options.expectedFSBase == nil)
    #expect(options.frameEnd == nil)
    #expect(options.interruptStackSizes[0] == 0x2000)
    #expect(options.otherStacks[0]?.low == RunningExample.exitStack + 0x10_0000)
    #expect(options.otherStacks[1]?.low == RunningExample.exitStack)
  }
}
