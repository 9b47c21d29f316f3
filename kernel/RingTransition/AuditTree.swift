import X86

/// Audits the whole tables under the machine's CR3, entry by entry: RT-101...RT-105, RT-107, RT-114 and RT-115, each
/// with one finding, in catalogue order. It is asked when a root table is met for the first time.
///
/// Tables may lead to themselves and to noise. A table is read once for each level and each set of rights that it is
/// reached with, as far as `scratch` has room to remember; what is not reached then is not checked, and said so.
public func auditTables<
  Machine: MachineView & ~Copyable, Scratch: FrameScratch & ~Copyable, Sink: FindingSink & ~Copyable
>(
  _ machine: inout Machine, options: AuditOptions, scratch: inout Scratch, sink: inout Sink
) {
  var audit = TreeAudit(Auditor(registers: machine.registers, options: options))
  if audit.auditor.registers.isLongMode { audit.read(&machine, &scratch) }
  for number in Rule.firstTreeRule...Rule.lastTreeRule {
    guard let rule = Rule(number: number), rule.isAboutTables, options.scope.asks(rule.tier) else { continue }
    sink.record(Finding(rule, audit.verdict(of: number, &machine)))
  }
}

extension Rule {
  static let firstTreeRule: UInt16 = 101
  static let lastTreeRule: UInt16 = 115

  /// The rules that ``auditTables(_:options:scratch:sink:)`` asks.
  public var isAboutTables: Bool {
    switch number {
    case 101...105, 107, 114, 115: true
    default: false
    }
  }
}

/// One pass over the tables under a root, and what it found first of each kind. Addresses are kept, not walks.
struct TreeAudit: Sendable {
  var auditor: Auditor
  var critical = CriticalFrames()
  /// False when something was left out.
  var isComplete = true
  /// True when a table could not be read.
  var hasUnreadable = false
  /// How many looks at all tables are left for large pages of Ring 3.
  var sweepsLeft = 256

  var kernelPage: UInt64?
  var kernelFrame: (address: UInt64, use: FrameUse)?
  var tablePage: UInt64?
  var writableCode: UInt64?
  var globalUserPage: UInt64?
  var unequalGlobalPage: UInt64?
  /// A global page of the reference that this table maps otherwise, or not at all.
  var lostGlobalPage: UInt64?
  var unwritableTable: PhysicalFrame?
  var mixedFrame: (address: UInt64, use: FrameUse)?

  init(_ auditor: Auditor) { self.auditor = auditor }

  var mode: PagingMode { auditor.mode }

  /// What the reference table has in place of a table.
  enum Counterpart: Sendable {
    /// Nothing is compared here: it is the same table, or there is no reference.
    case ignored
    case table(PhysicalFrame)
    case absent

    var isCompared: Bool { if case .ignored = self { false } else { true } }
  }

  /// Where in the tree a table stands.
  struct Place: Sendable {
    let level: PagingLevel
    /// The first address that it maps.
    let base: UInt64
    let rights: PageRights
    let counterpart: Counterpart

    var isKernelHalf: Bool { base >> 63 == 1 }
  }

  mutating func read<Memory: PhysicalMemory & ~Copyable, Scratch: FrameScratch & ~Copyable>(
    _ memory: inout Memory, _ scratch: inout Scratch
  ) {
    auditor.readTaskState(&memory)
    critical = auditor.criticalFrames(&memory)
    if !critical.isComplete { isComplete = false }
    collect(auditor.root, mode.depth.root, &memory, &scratch)
    if let pair = auditor.options.tablePair(with: auditor.root) {
      // The tables that the kernel runs under belong in the reach of Ring 3 as little.
      collect(pair.kernel, mode.depth.root, &memory, &scratch)
    }
    var counterpart = Counterpart.ignored
    if !auditor.options.isIsolated(auditor.root), let reference = auditor.options.referenceRoot,
      reference != auditor.root
    {
      counterpart = .table(reference)
    }
    visit(
      auditor.root,
      Place(level: mode.depth.root, base: 0, rights: .all, counterpart: counterpart), &memory, &scratch)
    if case .table(let reference) = counterpart, auditor.registers.cr4.contains(.pageGlobalEnable) {
      searchGlobal(
        reference,
        Place(level: mode.depth.root, base: 0, rights: .all, counterpart: .table(auditor.root)), &memory,
        &scratch)
    }
  }

  /// What a key in the scratch says of a frame.
  enum Mark {
    static let table: UInt64 = 1
    private static let searched: UInt64 = 2
    private static let visited: UInt64 = 3
    private static let reference: UInt64 = 4

    static func reference(_ frame: UInt64, _ level: PagingLevel) -> UInt64 {
      frame << 16 | UInt64(level.rawValue) << 4 | reference
    }

    static func table(_ frame: UInt64) -> UInt64 { frame << 16 | table }

    static func searched(_ frame: UInt64, _ level: PagingLevel) -> UInt64 {
      frame << 16 | UInt64(level.rawValue) << 4 | searched
    }

    static func visited(_ frame: UInt64, _ place: Place) -> UInt64 {
      var key = frame << 16 | UInt64(place.level.rawValue) << 4 | visited
      if place.rights.isWritable { key |= 1 << 8 }
      if place.rights.isUser { key |= 1 << 9 }
      if place.rights.isExecutable { key |= 1 << 10 }
      if place.isKernelHalf { key |= 1 << 11 }
      return key
    }
  }

  /// Notes the frame of every table, whoever may reach it.
  private mutating func collect<Memory: PhysicalMemory & ~Copyable, Scratch: FrameScratch & ~Copyable>(
    _ table: PhysicalFrame, _ level: PagingLevel, _ memory: inout Memory, _ scratch: inout Scratch
  ) {
    noteWritable(table)
    guard scratch.insert(Mark.table(table.number)) != .full else {
      isComplete = false
      return
    }
    // The tables of the last level lead to no others.
    guard let next = level.next else { return }
    switch scratch.insert(Mark.searched(table.number, level)) {
    case .added: break
    case .known: return
    case .full:
      isComplete = false
      return
    }
    memory.prefetch(table.address, byteCount: Int(PhysicalFrame.byteCount))
    for index in 0..<512 {
      guard let entry = entry(index, of: table, &memory) else { return }
      guard entry.isPresent, !entry.isLeaf(at: level), entry.reservedBits(at: level, in: mode) == 0 else {
        continue
      }
      collect(entry.frame, next, &memory, &scratch)
    }
  }

  /// RT-114. The processor writes A and D into every table.
  private mutating func noteWritable(_ table: PhysicalFrame) {
    guard unwritableTable == nil, auditor.options.memory.isKnown else { return }
    var map = auditor.options.memory
    if !map.contains(table) { unwritableTable = table }
  }

  mutating func entry<Memory: PhysicalMemory & ~Copyable>(
    _ index: Int, of table: PhysicalFrame, _ memory: inout Memory
  ) -> PageTableEntry? {
    guard let entry = auditor.rootEntry(index, of: table, &memory) else {
      hasUnreadable = true
      return nil
    }
    return entry
  }
}
