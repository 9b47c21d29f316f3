import X86

/// One audit in progress: what was read so far. Every rule is a method of an extension, and the memory is
/// handed in, so that the same rules serve a stopped machine and the running kernel. Rules are `mutating` even where
/// they change nothing: unoptimised code copies the whole auditor to the stack for a call that is not.
struct Auditor: Sendable {
  let registers: RegisterFile
  let options: AuditOptions
  let mode: PagingMode
  let root: PhysicalFrame

  /// The return frame; nil when it could not be read.
  var frame: InterruptFrame?
  /// RSP0 and the IST words; nil where the TSS could not be read.
  var rsp0: UInt64?
  var interruptStacks = InlineArray<7, UInt64?>(repeating: nil)
  /// The IST slots that the needed vectors use, bit n for slot n, as far as their gates could be read.
  var usedSlots: UInt8 = 0
  /// True when all of them could.
  var slotsAreComplete = false
  /// The first needed path that ended at an entry with reserved bits: RT-090.
  var reserved: Probe?
  /// The first that ended at bit 63 while EFER.NXE is clear: RT-142.
  var noExecuteReserved: Probe?
  /// What else was seen on the needed paths.
  var paths = NeededPaths()

  init(registers: RegisterFile, options: AuditOptions) {
    self.registers = registers
    self.options = options
    mode = registers.pagingMode
    root = registers.cr3.root
  }

  /// A walk, and what one access through it comes to.
  struct Probe: Sendable {
    let walk: PageWalk
    let access: PageAccess
    let result: AccessResult

    var isAllowed: Bool { result == .allowed }
    var evidence: Evidence { .access(walk, access, result) }
    var verdict: Verdict {
      switch result {
      case .allowed: .held
      case .unknown: .unknown(.memory)
      case .pageFault, .nonCanonical: .violated(evidence)
      }
    }
  }

  /// Tries `access` at `address` on a path that an entry needs.
  mutating func probe<Memory: PhysicalMemory & ~Copyable>(
    _ address: UInt64, _ access: PageAccess, _ memory: inout Memory
  ) -> Probe {
    let walk = memory.walk(VirtualAddress(address), root: root, mode: mode)
    let probe = Probe(walk: walk, access: access, result: walk.result(of: access, in: mode))
    paths.note(
      walk, access, map: options.memory, types: MemoryTypes(table: registers.pageAttributeTable), mode: mode)
    if case .reservedBits(_, let mask) = walk.outcome {
      if reserved == nil { reserved = probe }
      if mask & PageTableEntry.Flags.noExecute.rawValue != 0, noExecuteReserved == nil {
        noExecuteReserved = probe
      }
    }
    return probe
  }

  /// Tries `access` at the first byte and at the last byte of `address ..< address + count`, `count` being at
  /// most a page. The first refusal, else the last probe.
  mutating func probe<Memory: PhysicalMemory & ~Copyable>(
    _ address: UInt64, count: UInt64, _ access: PageAccess, _ memory: inout Memory
  ) -> Probe {
    let first = probe(address, access, &memory)
    let last = address &+ count &- 1
    let lastPage = VirtualAddress(last).pageBase()
    guard first.isAllowed, lastPage != VirtualAddress(address).pageBase() else { return first }
    return probe(lastPage.rawValue, access, &memory)
  }

  /// The qword at `address`, whatever its rights: a debugger's read.
  func load<Memory: PhysicalMemory & ~Copyable>(_ address: UInt64, _ memory: inout Memory) -> UInt64? {
    memory.loadVirtual(VirtualAddress(address), root: root, mode: mode)
  }
}

extension Auditor {
  /// Reads RSP0 and the IST words. SDM Vol. 3A, 7.7.
  mutating func readTaskState<Memory: PhysicalMemory & ~Copyable>(_ memory: inout Memory) {
    guard let task = loadedTask else { return }
    let limit = UInt64(task.limit)
    let rsp0Offset = TaskStateSegment.offset(ofStackFor: 0)
    if rsp0Offset + 7 <= limit { rsp0 = load(task.base &+ rsp0Offset, &memory) }
    for slot in 1...7 {
      let offset = TaskStateSegment.offset(ofInterruptStack: UInt8(truncatingIfNeeded: slot))
      if offset + 7 <= limit { interruptStacks[slot - 1] = load(task.base &+ offset, &memory) }
    }
  }

  /// The gate of `vector`; nil when the IDT is unknown, too short, or not readable there.
  func gate<Memory: PhysicalMemory & ~Copyable>(
    _ vector: UInt8, _ memory: inout Memory
  ) -> GateDescriptor? {
    let offset = UInt64(vector) * GateDescriptor.byteCount
    guard let table = registers.interruptTable, table.holds(offset: offset, count: GateDescriptor.byteCount),
      let low = load(table.base.rawValue &+ offset, &memory),
      let high = load(table.base.rawValue &+ offset &+ 8, &memory)
    else { return nil }
    return GateDescriptor(low: low, high: high)
  }

  func isUsed(slot: Int) -> Bool { usedSlots & 1 << UInt8(truncatingIfNeeded: slot & 7) != 0 }
}

/// A descriptor as `iretq` or an event would fetch it.
enum DescriptorFetch: Sendable {
  case found(SegmentDescriptor, UInt64)
  case problem(DescriptorProblem)
  case refused(Auditor.Probe)
  case unknown(Missing)
}

extension Auditor {
  /// Fetches the descriptor that `selector` names. SDM Vol. 3A, 3.5.1.
  mutating func descriptor<Memory: PhysicalMemory & ~Copyable>(
    _ selector: SegmentSelector, _ memory: inout Memory
  ) -> DescriptorFetch {
    let base: UInt64
    let limit: UInt64
    if selector.isNull { return .problem(.nullSelector) }
    if selector.isLocal {
      guard let table = registers.localTable else { return .unknown(.localTable) }
      guard !table.selector.isNull else { return .problem(.noLocalTable) }
      (base, limit) = (table.base, UInt64(table.limit))
    } else {
      guard let table = registers.globalTable else { return .unknown(.globalTable) }
      (base, limit) = (table.base.rawValue, UInt64(table.limit))
    }
    guard selector.tableOffset + 7 <= limit else { return .problem(.beyondLimit) }
    let address = base &+ selector.tableOffset
    let probe = probe(address, count: 8, .supervisorRead, &memory)
    guard probe.isAllowed else { return .refused(probe) }
    guard let raw = load(address, &memory) else { return .unknown(.memory) }
    return .found(SegmentDescriptor(rawValue: raw), address)
  }
}
