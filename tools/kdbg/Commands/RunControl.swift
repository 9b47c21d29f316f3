import Inspect
import Session
import X86

/// Lets the machine run, and decides at each stop whether it is one for the user.
///
/// Each noun has a file of its own: what the user set (``BreakpointList``), what is caught, the check; what all of them
/// want in the machine is ``plan``, and `judge` holds a stop against each.
public final class RunControl {
  public let target: any Debuggee
  let programs: ProgramSet

  public internal(set) var breakpoints = BreakpointList()
  public internal(set) var caught = CaughtEvents()
  public internal(set) var references = ReferenceTables()
  /// What was written down about the kernel.
  public var configuration = KernelConfiguration() {
    didSet {
      references.declared = configuration.referenceRoot
      references.pairs = configuration.tablePairs
    }
  }
  /// What the check asks of each return; read when it is first switched on.
  public var selection = AuditSelection()
  /// Which returns are audited; read whenever the check is switched on.
  public var mode = CheckMode.every
  /// What the mode `changes` watches, while the check is on.
  var changes: ChangeWatch?
  /// How many more returns the mode `sample` passes over.
  var returnsUntilAudit = 0
  /// How many it has passed over.
  var passedReturns = 0
  /// The check, from the moment it is first switched on; it keeps its counts while it is off.
  public internal(set) var checker: ReturnChecker?
  public internal(set) var isChecking = false
  /// Ends a run of the check from outside.
  var bell: CheckBell?
  /// What it means that the connection closes while the machine runs.
  var disconnection = Disconnection.loss
  /// What the progress line shows.
  var gauge: CheckGauge?
  /// Where the check finds the returns.
  public var siteWatch = SiteWatch()
  /// What the target calls the wait for a running machine's stop, in its error.
  static let waitOperation = "wait for a stop"
  /// The longest time that the machine may run without a stop; nil for no limit.
  public var patience: Duration?

  /// What the session has come to, for the exit status.
  public internal(set) var verdict = ExitStatus.held
  /// The status with which the kernel ends when all is well, where the user said one.
  public var successStatus: Int32?

  /// True once the machine has ended by its own will.
  public internal(set) var hasEnded = false

  var inserted = InsertedBreakpoints()
  /// Where a run of a step or `finish` is to end.
  var destination: UInt64?
  /// While the check is on: the instructions that load TR, LDTR, GDTR, IDTR or a debug register. Between them these
  /// registers cannot change, so they are asked of the monitor after such a stop only and not at each return.
  var tableLoads: Set<UInt64> = []
  /// True when a table register may have changed since the monitor was asked.
  var systemRegistersAreStale = false
  private var kernelTablePlace: (revision: Int, address: VirtualAddress?)?
  private var knownKernelTable: KnownKernelTable?
  /// What was found out about the machine beside its registers and memory.
  var knowledge = MachineKnowledge()

  init(target: any Debuggee, programs: ProgramSet) {
    self.target = target
    self.programs = programs
  }

  /// The files that name the machine's code, as one; nil without any.
  var program: (any Program)? { programs.isEmpty ? nil : programs }

  /// Looked up once for each set of files.
  var kernelTableAddress: VirtualAddress? {
    if let known = kernelTablePlace, known.revision == programs.revision { return known.address }
    let addresses = programs.addresses(named: KernelTable.symbol)
    let address = addresses.count == 1 ? addresses[0] : nil
    kernelTablePlace = (programs.revision, address)
    return address
  }

  /// What the kernel says about itself now.
  func kernelTable() -> KernelTable? {
    guard let address = kernelTableAddress else { return nil }
    return KernelTable.read(at: address, in: target, known: &knownKernelTable)
  }

  /// What the names of expressions stand for now.
  var scope: MachineScope { MachineScope(target: target, program: program) }

  /// What the check has come to; nil before it was ever on.
  public var summary: CheckSummary? { checker.map { CheckSummary($0, mode: CheckModeReport(self)) } }
}

/// What it means that the connection to a running machine closes.
enum Disconnection {
  case loss
  /// A QEMU that ends says nothing to who is attached: the machine's own end was awaited, and this is it.
  case end
}

// MARK: What is in the machine

extension RunControl {
  /// What must be in the machine now.
  private var plan: Set<Insertion> {
    var addresses = caught.addresses
    if let destination { addresses.insert(destination) }
    if isChecking {
      addresses.formUnion(tableLoads)
      addresses.subtract(changes?.resting ?? [])
    }
    let watched = isChecking ? changes?.insertions ?? [] : []
    var plan = breakpoints.insertions.union(watched).union(addresses.map { Insertion(.software, at: $0) })
    for site in isChecking ? checker?.watchedSites ?? [] : []
    where changes?.resting.contains(site.address.rawValue) != true {
      plan.insert(Insertion(site.watch == .on ? .software : .hardware, at: site.address.rawValue))
    }
    return plan
  }

  /// Makes the machine's breakpoints those that are wanted now.
  func settle() throws(SessionError) { try inserted.settle(plan, in: target) }
}
