import X86

/// The addresses of the upper half at which the kernel can reach physical memory: a watchpoint is on a linear address.
///
/// A picture of one moment. What is looked up is walked again, so that a mapping that is gone is not given; one that is
/// new is missing.
public struct KernelAliases: Sendable {
  /// Pages that follow each other in both memories.
  private struct Run: Sendable {
    let start: UInt64
    let physical: UInt64
    var byteCount: UInt64
  }

  /// More than kernels have in use, and read in a moment.
  private static let mostTables = 1 << 15
  /// A table that is met so often translates the same frames again and again; more of it tells nothing.
  private static let mostRepetitions = 4
  /// More addresses of one frame are not given.
  static let mostAddresses = 8

  private var runs: [Run] = []
  /// Pages that stand alone, by frame.
  private var singles: [UInt64: [UInt64]] = [:]
  /// False where the tables were more than were read.
  public private(set) var isComplete = true

  /// What the loaded root table of `machine` maps in the upper half.
  public init(of machine: any Debuggee) {
    var memory = machine
    let registers = machine.coreRegisters
    var scan = PageTableScan(
      root: registers.cr3.root, mode: registers.pagingMode, from: VirtualAddress(1 << 63))
    var tables = 0
    var repetitions: [UInt64: Int] = [:]
    while let item = scan.next(memory: &memory) {
      switch item {
      case .leaves(let run): take(run, &memory)
      case .table(let table):
        tables += 1
        let times = repetitions[table.frame.address.rawValue, default: 0]
        repetitions[table.frame.address.rawValue] = times + 1
        if times >= Self.mostRepetitions || tables > Self.mostTables {
          scan.skipTable()
          isComplete = false
        }
      case .tableEnd, .reserved, .unreadable: break
      }
    }
  }

  private mutating func take(_ run: LeafRun, _ memory: inout any Debuggee) {
    guard !run.isContiguous else {
      return add(run.start.rawValue, run.physical.rawValue, run.byteCount)
    }
    let frame = PhysicalFrame(containing: run.entryAddress)
    let first = Int(run.entryAddress.rawValue & 0xfff) / 8
    let entries = memory.withTable(frame) { entries in
      (first..<min(first + run.count, entries.count)).map { entries[$0] }
    }
    for (position, raw) in (entries ?? []).enumerated() {
      let start = run.start.rawValue &+ UInt64(position) &* run.size.bytes
      add(start, PageTableEntry(rawValue: raw).leafBase(run.size).rawValue, run.size.bytes)
    }
  }

  private mutating func add(_ start: UInt64, _ physical: UInt64, _ byteCount: UInt64) {
    if let last = runs.last, last.start &+ last.byteCount == start,
      last.physical &+ last.byteCount == physical
    {
      runs[runs.count - 1].byteCount &+= byteCount
    } else if byteCount == PageSize.size4KiB.bytes {
      singles[physical, default: []].append(start)
    } else {
      runs.append(Run(start: start, physical: physical, byteCount: byteCount))
    }
  }

  /// Where the qword at `physical` is mapped under the root table that `machine` has loaded now, and whether that is
  /// known to be everywhere.
  func addresses(of physical: UInt64, in machine: inout some MachineView) -> (all: [UInt64], isAll: Bool) {
    var found = (singles[physical & ~0xfff] ?? []).map { $0 | physical & 0xfff }
    for run in runs where physical &- run.physical < run.byteCount {
      found.append(run.start &+ (physical &- run.physical))
    }
    let isAll = found.count <= Self.mostAddresses
    let registers = machine.registers
    let live = found.prefix(Self.mostAddresses).filter { address in
      machine.walk(VirtualAddress(address), root: registers.cr3.root, mode: registers.pagingMode)
        .physicalAddress?.rawValue == physical
    }
    return (live, isAll)
  }
}
