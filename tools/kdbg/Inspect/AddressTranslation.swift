import X86

/// One linear address under one root table: every entry that was read, and what became of each right.
public struct AddressTranslation: Sendable {
  /// The value whose root was walked.
  public let cr3: CR3
  public let mode: PagingMode
  /// Whether the processor itself would walk these tables now.
  public let operation: ProcessorOperation
  public let walk: PageWalk
  /// Whether memory stands behind the translated address; nil where there is no translation.
  public let hasMemory: Bool?

  /// Translates `address` in `machine` under `cr3`, by default the one that is loaded.
  public init(
    of address: VirtualAddress, in machine: inout some Debuggee, under cr3: CR3? = nil
  ) {
    let registers = machine.coreRegisters
    self.cr3 = cr3 ?? registers.cr3
    operation = ProcessorOperation(of: machine)
    mode = machine.pagingMode
    walk = machine.walk(address, root: self.cr3.root, mode: mode)
    hasMemory = walk.physicalAddress.map { machine.loadUnaligned($0) != nil }
  }

  /// The first entry, from the root down, that takes `right` away; nil when every entry leaves it.
  public func step(takingAway right: PageRight) -> PageWalk.Step? {
    for position in 0..<walk.count where walk[position].entry.takesAway(right) { return walk[position] }
    return nil
  }

  /// The entry where the walk ended without a page, nil when it ended at one or before the first.
  public var lastStep: PageWalk.Step? { walk.count > 0 ? walk[walk.count - 1] : nil }
}

/// What an entry can take away from everything below it. SDM Vol. 3A, 4.6.1.
public enum PageRight: CaseIterable, Sendable {
  case write
  case user
  case execute
}

extension PageTableEntry {
  /// True when this entry is the reason why nothing below it has `right`.
  public func takesAway(_ right: PageRight) -> Bool {
    switch right {
    case .write: !flags.contains(.writable)
    case .user: !flags.contains(.user)
    case .execute: flags.contains(.noExecute)
    }
  }
}

/// How the processor turns a linear address into a physical one at this moment. SDM Vol. 3A, 4.1.1.
public enum ProcessorOperation: Equatable, Sendable {
  /// IA-32e mode: the tables under CR3 have four or five levels.
  case longMode
  /// CR0.PG=1 without EFER.LMA: two levels, or three with PAE.
  case legacyPaging
  /// CR0.PG=0: linear addresses are physical ones.
  case pagingOff
  /// The target does not say.
  case notKnown

  public init(of machine: some Debuggee) {
    self = machine.knowsControlRegisters ? ProcessorOperation(machine.coreRegisters) : .notKnown
  }

  public init(_ registers: RegisterFile) {
    if registers.isLongMode {
      self = .longMode
    } else {
      self = registers.cr0.contains(.paging) ? .legacyPaging : .pagingOff
    }
  }
}

extension Debuggee {
  /// How tables are read; four levels with no-execute where the target gives no control registers.
  var pagingMode: PagingMode { knowsControlRegisters ? coreRegisters.pagingMode : PagingMode() }
}
