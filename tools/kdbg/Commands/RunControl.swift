import Inspect
import Session
import Symbols
import X86

/// Lets the machine run, and decides at each stop whether it is one for the user.
///
/// Four kinds of breakpoints are in the machine: the user's, those of `catch` at handlers, the check's at every return
/// instruction, and, while the check is on, those at instructions that load TR, LDTR, GDTR, IDTR or a debug register:
/// between them these registers cannot change, so they are asked of the monitor after such a stop only and not at each
/// return.
public final class RunControl {
  public let target: any Debuggee
  let program: (any Program)?

  public private(set) var breakpoints = BreakpointList()
  /// The vectors at whose handlers the machine stops.
  public private(set) var caught = CaughtVectors()
  public private(set) var references = ReferenceTables()
  /// What was written down about the kernel.
  public var configuration = KernelConfiguration() {
    didSet { references.declared = configuration.referenceRoot }
  }
  /// What the check asks of each return; read when it is first switched on.
  public var selection = AuditSelection()
  /// The check, from the moment it is first switched on; it keeps its counts while it is off.
  public private(set) var checker: ReturnChecker?
  public private(set) var isChecking = false
  /// What the target calls the wait for a running machine's stop, in its error.
  static let waitOperation = "wait for a stop"
  /// The longest time that the machine may run without a stop; nil for no limit.
  public var patience: Duration?

  /// What the session has come to, for the exit status.
  public private(set) var verdict = ExitStatus.held
  /// The status with which the kernel ends when all is well, where the user said one.
  public var successStatus: Int32?

  /// True once the machine has ended by its own will.
  public private(set) var hasEnded = false

  private var tableLoads: Set<UInt64> = []
  private var inserted: Set<UInt64> = []
  /// True when a table register may have changed since the monitor was asked.
  private var systemRegistersAreStale = false
  private let kernelTableAddress: VirtualAddress?
  /// What was found out about the machine beside its registers and memory.
  var knowledge = MachineKnowledge()

  init(target: any Debuggee, program: (any Program)?) {
    self.target = target
    self.program = program
    let addresses = program?.addresses(named: KernelTable.symbol) ?? []
    kernelTableAddress = addresses.count == 1 ? addresses[0] : nil
  }

  /// What the kernel says about itself now.
  func kernelTable() -> KernelTable? {
    var machine = target
    return kernelTableAddress.flatMap { KernelTable(at: $0, in: &machine) }
  }

  /// What the check has come to; nil before it was ever on.
  public var summary: CheckSummary? { checker.map(CheckSummary.init) }
}

// MARK: Breakpoints

extension RunControl {
  func addBreakpoint(at address: VirtualAddress) throws(SessionError) -> BreakpointList.Breakpoint {
    let breakpoint = breakpoints.add(at: address)
    do {
      try settle()
    } catch {
      _ = breakpoints.remove(number: breakpoint.number)
      throw error
    }
    return breakpoint
  }

  /// False when there is no such breakpoint.
  func removeBreakpoint(number: Int) throws(SessionError) -> Bool {
    guard breakpoints.remove(number: number) != nil else { return false }
    try settle()
    return true
  }

  func removeAllBreakpoints() throws(SessionError) {
    breakpoints.removeAll()
    try settle()
  }

  /// Makes the machine's breakpoints those that are wanted now.
  private func settle() throws(SessionError) {
    var wanted = Set(breakpoints.all.map(\.address.rawValue))
    wanted.formUnion(caught.handlers.keys)
    if isChecking {
      wanted.formUnion(checker?.sites.map(\.address.rawValue) ?? [])
      wanted.formUnion(tableLoads)
    }
    for address in inserted.subtracting(wanted).sorted() {
      try target.removeBreakpoint(.software, at: VirtualAddress(address))
      inserted.remove(address)
    }
    for address in wanted.subtracting(inserted).sorted() {
      try target.insertBreakpoint(.software, at: VirtualAddress(address))
      inserted.insert(address)
    }
  }
}

// MARK: Catching

extension RunControl {
  /// Stops the machine at the handlers of `vectors` from now on, and of those named before.
  func catchVectors(_ vectors: some Sequence<UInt8>) throws(CommandFailure) {
    let gates: InterruptTableView
    do { gates = try readGates() } catch { throw .inspection(error) }
    let before = caught
    caught.add(vectors)
    caught.follow(gates)
    do {
      try settle()
    } catch {
      caught = before
      throw .session(error)
    }
  }

  func catchNothing() throws(SessionError) {
    caught = CaughtVectors()
    try settle()
  }

  private func readGates() throws(InspectionError) -> InterruptTableView {
    var machine = target
    return try InterruptTableView(of: &machine)
  }

  /// The kernel may have written other handlers into its table since.
  private func followGates() throws(SessionError) {
    guard !caught.vectors.isEmpty, let gates = try? readGates() else { return }
    caught.follow(gates)
    try settle()
  }
}

// MARK: The check

extension RunControl {
  /// Switches the check on. A machine that stands at a return already is audited at once; a violation there is
  /// the result.
  public func startChecking() throws(CommandFailure) -> ReturnAudit? {
    guard !isChecking else { return nil }
    if checker == nil { try findSites() }
    isChecking = true
    target.systemRegistersPolicy = .keepAcrossStops
    do {
      try settle()
    } catch {
      isChecking = false
      throw .session(error)
    }
    guard isAtSite else { return nil }
    do { return try auditHere() } catch { throw .session(error) }
  }

  func stopChecking() throws(SessionError) {
    isChecking = false
    target.systemRegistersPolicy = .everyStop
    try settle()
  }

  private func findSites() throws(CommandFailure) {
    guard let program else { throw .noSymbols("check") }
    do {
      let loads = try program.tableLoadInstructions()
      checker = ReturnChecker(try program.returnInstructions(), asking: selection)
      guard checker != nil else { throw CommandFailure.noReturnInstructions }
      tableLoads = Set(loads.map(\.rawValue))
    } catch let error as SymbolError {
      throw .symbols(error)
    } catch let error as CommandFailure {
      throw error
    } catch {
      throw .other("\(error)")
    }
  }

  private var isAtSite: Bool { checker?.isSite(VirtualAddress(target.coreRegisters.rip)) ?? false }

  /// The violation at the return where the machine stands, if there is one.
  private func auditHere() throws(SessionError) -> ReturnAudit? {
    let isFresh = try knowProcessor(.onceIsEnough)
    var machine = target
    let outcome = checker?.audit(&machine, declared: declarations) {
      !isFresh && (try? knowProcessor(.now)) ?? false
    }
    guard case .violated(let audit) = outcome else { return nil }
    verdict = .violated
    return audit
  }

  /// Setting the policy makes the target ask the monitor at the next use.
  private func askSystemRegistersAgain() {
    systemRegistersAreStale = false
    knowledge.isStale = true
    target.systemRegistersPolicy = isChecking ? .keepAcrossStops : .everyStop
  }
}

// MARK: Running

extension RunControl {
  /// Lets the machine run until a stop that concerns the user, or until the check has counted `returns` more.
  public func run(returns: Int? = nil) throws(SessionError) -> StopReason {
    let goal = returns.map { (checker?.count ?? 0) + $0 }
    try followGates()
    while true {
      noteTableLoad()
      let event: StopEvent
      if let early = try target.stepOffAndResume() {
        event = early
      } else {
        event = try target.waitForStop(limit: patience, interrupt: .shared)
      }
      guard let reason = try judge(event, goal: goal) else { continue }
      // Nobody asked for a step: a trap that no breakpoint explains is the guest's own.
      if case .stepped = reason { return .signal(StopEvent.trapSignal) }
      return reason
    }
  }

  /// Executes `count` instructions, fewer when something else stops the machine.
  public func step(count: Int) throws(SessionError) -> StopReason {
    for _ in 0..<count {
      noteTableLoad()
      switch try judge(try target.step(), goal: nil) {
      case nil, .stepped, .breakpoint, .caught: continue
      case .some(let other): return other
      }
    }
    return .stepped
  }

  /// Remembers that the next instruction changes what the monitor said.
  private func noteTableLoad() {
    if tableLoads.contains(target.coreRegisters.rip) { systemRegistersAreStale = true }
  }

  /// Nil when the machine should go on.
  private func judge(_ event: StopEvent, goal: Int?) throws(SessionError) -> StopReason? {
    switch event {
    case .exited(let status): return end(.exited(MachineEnding(status: status)))
    case .shutdown(let cause): return end(.shutdown(cause))
    case .lost(let error): throw error
    case .signal(let number, _, _):
      if systemRegistersAreStale { askSystemRegistersAgain() }
      let registers = target.coreRegisters
      references.observe(registers.cr3)
      let address = VirtualAddress(registers.rip)
      let wasSite = isChecking && isAtSite
      if wasSite {
        if let audit = try auditHere() { return .violation(audit) }
        if let goal, let count = checker?.count, count >= goal { return .counted }
      }
      if let breakpoint = breakpoints.hit(at: address) { return .breakpoint(breakpoint) }
      if let vectors = caught.handlers[address.rawValue] { return .caught(vectors) }
      if number == StopEvent.interruptSignal { return .interrupted }
      if wasSite || inserted.contains(address.rawValue) { return nil }
      return number == StopEvent.trapSignal ? .stepped : .signal(number)
    }
  }

  /// Notes what the machine's end says.
  private func end(_ reason: StopReason) -> StopReason {
    var outcome = ExitStatus.held
    if case .exited(let ending) = reason {
      hasEnded = true
      outcome = self.outcome(of: ending)
    }
    if case .shutdown(let cause) = reason, cause != .powerOff { outcome = .violated }
    if outcome == .held, isChecking, checker?.count == 0 { outcome = .nothingChecked }
    verdict = max(verdict, outcome)
    return reason
  }

  /// The kernel's own word on how it went; a kernel that kdbg does not know has none.
  private func outcome(of ending: MachineEnding) -> ExitStatus {
    if let successStatus { return ending.status == successStatus ? .held : .violated }
    return kernelTableAddress == nil || ending.isSuccess ? .held : .violated
  }
}
