import RingTransition
import X86

/// Audits one return after the other, each as cheaply as what changed since the others allows.
struct ValidatedReturns: Sendable {
  /// More are not kept: one for each thread that is about to run, the latest last.
  private static let limit = 64

  private var sets: [ValidatedSet] = []
  /// What the last audit stood on, if it was clean.
  var latest: ValidatedSet? { sets.last }
  /// What the audits cost so far.
  private(set) var cost = AuditCost()

  /// What the audit of a return came to.
  enum Answer: Sendable {
    /// All that an earlier audit found still stands, and the rules about this return found nothing wrong.
    case stands(ReturnAnswers)
    case audited(ReturnAudit)
  }

  /// The audit of the return that `machine` is about to make. The answers are those of an audit that reads everything.
  mutating func audit(
    _ machine: inout some Debuggee, declared: KernelDeclarations, asking selection: AuditSelection
  ) -> ReturnAudit {
    switch check(&machine, declared: declared, asking: selection) {
    case .audited(let audit): audit
    case .stands(let answers): answers.audit(asking: selection)
    }
  }

  /// The same, put together only where there is something to show: most returns are as good as the last one.
  mutating func check(
    _ machine: inout some Debuggee, declared: KernelDeclarations, asking selection: AuditSelection
  ) -> Answer {
    let clock = ContinuousClock()
    let start = clock.now
    let registers = machine.registers
    let key = ValidatedSet.Key(registers, declared)
    let mayReuse = selection.cr3 == nil && registers.isLongMode
    var narrowed: (RecordedRead, before: RecordedRead)?
    if mayReuse, selection.scope == .everyReturn {
      var position = sets.count - 1
      while position >= 0 {
        if sets[position].key == key {
          switch sets[position].compare(with: &machine) {
          case .equal(let known):
            let (answers, others) = ReturnAnswers.again(
              of: &machine, declared, selection, sets[position], known)
            cost.warm.add(sets[position].tally(with: others), since: start, clock)
            if position < sets.count - 1 { sets.append(sets.remove(at: position)) }
            return answers.areGood ? .stands(answers) : .audited(answers.audit(asking: selection))
          case .different(let change):
            // Another thread's stack differs too; an entry that lost rights tells.
            if let change { narrowed = change }
          }
        }
        position -= 1
      }
    }
    var audit = ReturnAudit(of: &machine, declared: declared, asking: selection)
    if let narrowed { audit.note(narrowed, selection) }
    if mayReuse { remember(audit, key, &machine, declared, selection, start, clock) }
    return .audited(audit)
  }

  /// The set of the latest audit, as long as it stands; nil where that audit left none.
  func standingSet(of machine: inout some Debuggee, declared: KernelDeclarations) -> ValidatedSet? {
    guard let set = sets.last, set.key == ValidatedSet.Key(machine.registers, declared),
      case .equal = set.compare(with: &machine)
    else { return nil }
    return set
  }

  /// Adds to an audit made elsewhere what only the earlier ones can tell: RT-109.
  func compare(
    _ audit: inout ReturnAudit, of machine: inout some Debuggee, declared: KernelDeclarations,
    asking selection: AuditSelection
  ) {
    let key = ValidatedSet.Key(machine.registers, declared)
    guard selection.cr3 == nil else { return }
    for set in sets.reversed() where set.key == key {
      guard case .different(let change?) = set.compare(with: &machine) else { continue }
      audit.note(change, selection)
      return
    }
  }

  /// The page-table entries on which the clean audits under the table of `registers` stood.
  func entries(under registers: RegisterFile, declared: KernelDeclarations) -> ValidatedEntries {
    let key = ValidatedSet.Key(registers, declared)
    return ValidatedEntries(sets.filter { $0.key.isSameSpace(as: key) })
  }

  /// Keeps what a clean audit read.
  private mutating func remember(
    _ audit: ReturnAudit, _ key: ValidatedSet.Key, _ machine: inout some Debuggee,
    _ declared: KernelDeclarations, _ selection: AuditSelection, _ start: ContinuousClock.Instant,
    _ clock: ContinuousClock
  ) {
    guard !audit.isInsideKernel, !audit.violations.contains(where: { !$0.rule.isAboutReturn }) else { return }
    var options = declared.options(for: audit.registers, selection)
    options.scope = .everyReturn
    options.portion = .surroundings
    var recorder = RecordingMemory(machine, ReadSet())
    var collector = FindingCollector(AuditSelection())
    auditReturn(&recorder, options: options, sink: &collector)
    options.portion = .thisReturn
    var others = RecordingMemory(machine, ReadSet())
    var rest = FindingCollector(AuditSelection())
    auditReturn(&others, options: options, sink: &rest)
    let tables = DescriptorTableFrames(of: &machine)
    let addresses = recorder.recorder.addresses.union(others.recorder.addresses)
    cost.cold.add(ReadTally(of: addresses, tables), since: start, clock)
    let reads = recorder.recorder.reads
    // The same thread's older knowledge is of no use any more; another thread's differs in RSP0 at least.
    sets.removeAll { set in
      set.key == key && set.reads.map(\.address) == reads.map(\.address) && set.reads != reads
        && !set.differsInData(from: reads)
    }
    if sets.count >= Self.limit { sets.removeFirst() }
    sets.append(ValidatedSet(key: key, reads: reads, tables: tables, findings: collector.findings))
  }
}

extension ValidatedSet {
  /// True when something else than page tables differs, such as RSP0.
  fileprivate func differsInData(from others: [RecordedRead]) -> Bool {
    zip(reads, others).contains { $0.kind == .data && $0.value != $1.value }
  }
}

/// What audits cost, apart for those that read everything and those that compare.
public struct AuditCost: Sendable {
  public struct Share: Sendable {
    public private(set) var audits = 0
    private var qwords = 0
    private var reads = 0
    private var requests = 0
    public private(set) var duration = Duration.zero

    /// Means of one audit; 0 where there was none. See ``ReadTally``.
    public var meanQwords: Int { mean(qwords) }
    public var meanReads: Int { mean(reads) }
    public var meanRequests: Int { mean(requests) }
    public var meanMicroseconds: Int { mean(Int(duration / .microseconds(1))) }

    private func mean(_ sum: Int) -> Int { audits == 0 ? 0 : sum / audits }

    mutating func add(_ tally: ReadTally, since start: ContinuousClock.Instant, _ clock: ContinuousClock) {
      audits += 1
      qwords += tally.qwords
      reads += tally.reads
      requests += tally.requests
      duration += clock.now - start
    }
  }

  /// The audits without an earlier one to lean on, what is kept for later ones included.
  public internal(set) var cold = Share()
  public internal(set) var warm = Share()

  public init() {}
}

extension ReturnAudit {
  /// Adds RT-109: the processor may still use what an entry allowed before.
  fileprivate mutating func note(
    _ change: (RecordedRead, before: RecordedRead), _ selection: AuditSelection
  ) {
    guard let now = change.0.value, let before = change.before.value else { return }
    var collector = FindingCollector(selection)
    let evidence = Evidence.narrowed(
      change.0.address, PageTableEntry(rawValue: now), before: PageTableEntry(rawValue: before))
    let stale = Finding(.staleTranslation, .violated(evidence))
    for finding in (findings + [stale]).sorted(by: { $0.rule.number < $1.rule.number }) {
      collector.record(finding)
    }
    self = ReturnAudit(
      registers: registers, frame: frame, collector, isInsideKernel: isInsideKernel, process: process)
  }
}
