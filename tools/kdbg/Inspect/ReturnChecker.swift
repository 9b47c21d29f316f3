import RingTransition
import X86

/// The check of every return to Ring 3: where returns happen, how many were audited, and what was found.
public struct ReturnChecker: Sendable {
  /// One `iretq` or `sysretq` of the kernel.
  public struct Site: Equatable, Sendable {
    public let address: VirtualAddress
    public let instruction: String
    /// Returns to Ring 3 that were audited here.
    public internal(set) var returns = 0
    /// Returns to Ring 0 that passed here: counted, not audited.
    public internal(set) var kernelReturns = 0
    /// Whether the machine is stopped here.
    public internal(set) var watch = Watch.on
    /// True where the machine is stopped.
    public var isWatched: Bool { watch == .on || watch == .onInHardware }
  }

  /// Whether the machine is stopped at a site.
  public enum Watch: Equatable, Sendable {
    case on
    /// The same by a debug register: memory stays as it is.
    case onInHardware
    /// It only leads to the instruction behind it: see ``SelfReturn``.
    case leadsBack
    /// The target has no place for one more breakpoint that does not change memory.
    case noPlace
    /// Memory holds something else there by now.
    case gone
  }

  /// What one stop at a site came to.
  public enum Outcome: Sendable {
    /// The frame belongs to Ring 0.
    case kernelReturn
    case held
    case violated(ReturnAudit)
  }

  /// The least severity of a violation that ends the check; lesser ones are remarks.
  public static let standardSeverity = Severity.security

  public private(set) var sites: [Site]
  /// What is asked at each return. Its severity ends the check.
  public var selection: AuditSelection
  /// The first return that broke a rule that weighs enough to end the check.
  public private(set) var violation: ReturnAudit?
  /// The lesser rules that were broken, each with the first audit that found it.
  public private(set) var remarks: [Finding] = []
  /// What all returns came to.
  public private(set) var tally = CheckTally()
  /// What broke a rule that weighs enough to end the check.
  public private(set) var violations = ViolationList()
  /// Stops that were no return: at an instruction that loads a table, or wherever the machine was interrupted.
  public private(set) var otherStops = 0
  /// The rules that could not be checked at one return or more, in the catalogue's order.
  public var unchecked: [Finding] { tally.rules.compactMap(\.doubt) }

  /// SYSRET and SYSEXIT of the kernel in the forms that lead to compatibility mode: these returns are not audited.
  public var compatibilityReturns = 0

  /// Where each site is in ``sites``.
  private var places: [UInt64: Int] = [:]
  private var history = AuditHistory()
  private var validated = ValidatedReturns()

  /// What the audits cost so far.
  public var cost: AuditCost { validated.cost }

  /// A check of the `iretq` and `sysretq` among `instructions`. Nil when there is none.
  public init?(_ instructions: [ReturnInstruction], asking selection: AuditSelection = AuditSelection()) {
    let audited = instructions.filter(\.isAudited)
    guard !audited.isEmpty else { return nil }
    self.init(asking: selection)
    for instruction in audited { watch(instruction, .on) }
  }

  /// A check that knows no site yet.
  public init(asking selection: AuditSelection) {
    sites = []
    self.selection = selection
  }

  /// Adds a site, or says anew whether the machine is stopped at it.
  public mutating func watch(_ instruction: ReturnInstruction, _ watch: Watch) {
    let address = instruction.address.rawValue
    if let known = places[address], sites[known].instruction == instruction.mnemonic {
      sites[known].watch = watch
      return
    }
    sites.removeAll { $0.address == instruction.address }
    var site = Site(address: instruction.address, instruction: instruction.mnemonic)
    site.watch = watch
    let index = sites.firstIndex { $0.address > site.address } ?? sites.endIndex
    sites.insert(site, at: index)
    places = Dictionary(uniqueKeysWithValues: sites.enumerated().map { ($1.address.rawValue, $0) })
  }

  /// Forgets the sites that nothing passed and for which `isWrong` holds.
  public mutating func forgetUnused(_ isWrong: (Site) -> Bool) {
    sites.removeAll { $0.returns == 0 && $0.kernelReturns == 0 && isWrong($0) }
    places = Dictionary(uniqueKeysWithValues: sites.enumerated().map { ($1.address.rawValue, $0) })
  }

  /// Where the machine is stopped.
  public var watchedSites: [Site] { sites.filter(\.isWatched) }

  /// Returns to Ring 3 that were audited.
  public var count: Int { sites.reduce(0) { $0 + $1.returns } }
  /// Sites at which a return to Ring 3 was audited.
  public var activeSites: [Site] { sites.filter { $0.returns > 0 } }

  public func isSite(_ address: VirtualAddress) -> Bool { site(at: address.rawValue)?.isWatched ?? false }

  private func site(at address: UInt64) -> Site? { places[address].map { sites[$0] } }

  /// What the program has at `address`: memory may have lost it.
  public func instruction(at address: UInt64) -> AuditOptions.ReturnInstruction {
    guard let site = site(at: address) else { return .asDecoded }
    return site.instruction == ReturnInstruction.systemReturn ? .sysretq : .iretq
  }

  /// Audits the return that `machine`, stopped at a site, is about to make. What is known of the processor may be of
  /// an earlier stop: `refresh` renews it before a violation is believed, and is false where that cannot change
  /// anything.
  public mutating func audit(
    _ machine: inout some Debuggee, declared: KernelDeclarations, refresh: () -> Bool = { false }
  ) -> Outcome {
    let site = places[machine.coreRegisters.rip]
    guard !isKernelReturn(&machine, at: site, declared) else {
      if let site { sites[site].kernelReturns += 1 }
      return .kernelReturn
    }
    let least = selection.leastSeverity ?? Self.standardSeverity
    var asked = selection
    asked.leastSeverity = nil
    asked.instruction = instruction(at: machine.coreRegisters.rip)
    asked.scope = selection.scope ?? history.scope(for: machine.registers, process: declared.table?.process)
    var audit: ReturnAudit
    switch validated.check(&machine, declared: declared, asking: asked) {
    case .audited(let whole): audit = whole
    case .stands(let answers):
      if let site { sites[site].returns += 1 }
      tally.count(answers, asking: asked, by: machine.selectedThread)
      return .held
    }
    if audit.isViolated(from: least), refresh() {
      audit = validated.audit(&machine, declared: declared, asking: asked)
    }
    if let site { sites[site].returns += 1 }
    tally.count(audit, by: machine.selectedThread)
    noteRemarks(audit, least)
    guard audit.isViolated(from: least) else { return .held }
    audit.leastSeverity = least
    violations.take(audit, from: least, return: count)
    if violation == nil { violation = audit }
    return .violated(audit)
  }

  /// True where the return at which `machine` stands leads to Ring 3; counted as one that passed otherwise.
  public mutating func leadsToRingThree(_ machine: inout some Debuggee, declared: KernelDeclarations) -> Bool
  {
    let site = sites.firstIndex { $0.address.rawValue == machine.coreRegisters.rip }
    guard isKernelReturn(&machine, at: site, declared) else { return true }
    if let site { sites[site].kernelReturns += 1 }
    return false
  }

  /// What the last audit stood on, where it held and everything is still as it was.
  func standingSet(of machine: inout some Debuggee, declared: KernelDeclarations) -> ValidatedSet? {
    validated.standingSet(of: &machine, declared: declared)
  }

  /// Adds to an audit of the same return, made elsewhere, what only the earlier returns can tell.
  public func compare(
    _ audit: inout ReturnAudit, of machine: inout some Debuggee, declared: KernelDeclarations,
    asking selection: AuditSelection = AuditSelection()
  ) {
    validated.compare(&audit, of: &machine, declared: declared, asking: selection)
  }

  /// The page-table entries that returns without complaint stood on, under the table that `registers` load.
  public func entries(under registers: RegisterFile, declared: KernelDeclarations) -> ValidatedEntries {
    validated.entries(under: registers, declared: declared)
  }

  /// A frame that cannot be read, or that belongs to neither ring, is the audit's business, and so is one of Ring 0
  /// where the kernel returns to Ring 3 only. `sysretq` has none and always leads there.
  private func isKernelReturn(
    _ machine: inout some Debuggee, at site: Int?, _ declared: KernelDeclarations
  ) -> Bool {
    if declared.leadsToRingThree(machine.coreRegisters.rip) { return false }
    if let site, sites[site].instruction == ReturnInstruction.systemReturn { return false }
    let registers = machine.coreRegisters
    let selector = machine.loadVirtual(
      VirtualAddress(registers.rsp) + 8, root: registers.cr3.root, mode: registers.pagingMode)
    return selector.map { $0 & 3 == 0 } ?? false
  }

  private mutating func noteRemarks(_ audit: ReturnAudit, _ least: Severity) {
    for finding in audit.findings where finding.isViolated && !finding.severity.isAtLeast(least) {
      if !remarks.contains(where: { $0.rule == finding.rule }) { remarks.append(finding) }
    }
  }

  /// Counts a stop that was no return.
  public mutating func noteOtherStop() { otherStops += 1 }
}

/// What was audited before, and so which tiers must be asked again: whole tables where a root table of a process is met
/// for the first time, what stands still where a register has changed that names a table or a stack.
private struct AuditHistory: Sendable {
  private struct Space: Hashable {
    let root: UInt64
    let process: UInt64?
  }

  private struct Registers: Equatable {
    let task: SegmentCache?
    let local: SegmentCache?
    let global: TableRegister?
    let interrupt: TableRegister?
    let words: [UInt64?]

    init(_ file: RegisterFile, stackTop: UInt64?) {
      task = file.taskRegister
      local = file.localTable
      global = file.globalTable
      interrupt = file.interruptTable
      words = [
        file.cr0.rawValue, file.cr4.rawValue, file.efer.rawValue, file.star, file.lstar, file.syscallMask,
        file.debugControl, stackTop,
      ]
    }
  }

  /// More are not kept apart: the oldest knowledge is given up, and costs one more whole audit each.
  private static let limit = 4096

  private var spaces: Set<Space> = []
  /// By the address of the processor's TSS.
  private var processors: [UInt64: Registers] = [:]

  mutating func scope(for file: RegisterFile, process: CurrentProcess?) -> AuditScope {
    if spaces.count >= Self.limit { spaces.removeAll() }
    let isNew = spaces.insert(Space(root: file.cr3.root.address.rawValue, process: process?.number)).inserted
    let now = Registers(file, stackTop: process?.kernelStackTop)
    let processor = file.taskRegister?.base ?? 0
    let before = processors.updateValue(now, forKey: processor)
    if isNew { return .everything }
    return before == now ? .everyReturn : .onChange
  }
}
