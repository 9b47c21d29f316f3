import Inspect
import Session
import Symbols
import X86

extension RunControl {
  /// What `--mode changes` watches; nil in the other modes.
  func changeWatch() throws(CommandFailure) -> ChangeWatch? {
    guard mode == .changes else { return nil }
    guard let program else { throw .noSymbols("check in the mode changes") }
    let processors: Int
    do { processors = try target.threads().count } catch { throw .session(error) }
    guard processors <= 1 else {
      throw .other(
        "the mode changes follows one processor, and this machine has \(processors): take every or sample=N")
    }
    do {
      let roots = try program.rootTableLoadInstructions()
      let others = try program.controlLoadInstructions()
      guard !roots.isEmpty else {
        throw CommandFailure.other("the mode changes needs the kernel's loads of CR3, and its file has none")
      }
      let capacity: WatchCapacity = watchesAnything ? .unlimited : .registers(freeDebugRegisters)
      return ChangeWatch(
        rootTableLoads: places(roots, capacity), registerLoads: places(others, capacity).union(tableLoads),
        capacity: capacity)
    } catch let error as SymbolError {
      throw .symbols(error)
    } catch let error as CommandFailure {
      throw error
    } catch {
      throw .other("\(error)")
    }
  }

  /// A target that writes breakpoints into memory cannot have them in the code that booted and is gone.
  private func places(_ addresses: [VirtualAddress], _ capacity: WatchCapacity) -> Set<UInt64> {
    Set(
      addresses.filter { capacity == .unlimited || target.bytes(at: $0, count: 1).count == 1 }
        .map(\.rawValue))
  }

  /// QEMU's translator watches as much as it is told to; other targets have the debug registers.
  private var watchesAnything: Bool {
    guard let accelerator = try? target.monitor("info kvm") else { return false }
    return accelerator.contains("disabled")
  }

  private var freeDebugRegisters: Int {
    max(0, 4 - breakpoints.insertions.count { $0.kind != .software })
  }

  /// A return at which the machine stands has held: its site rests, where all that the audit stood on is known.
  func rest() throws(SessionError) {
    guard changes != nil, let checker else { return }
    var machine = target
    var aliases = changes?.aliases
    let set = checker.watchedSet(
      of: &machine, declared: declarations, among: changes?.sets ?? [],
      capacity: changes?.capacity ?? .unlimited, aliases: &aliases)
    changes?.aliases = aliases
    guard let set else {
      changes?.restlessReturns += 1
      return
    }
    changes?.rest(target.coreRegisters.rip, on: set)
    try settle()
  }

  /// The user has had the machine, and may have changed anything.
  func wakeAll() { changes?.wake() }

  /// Looks at a stop for what it may have changed.
  func noteChange(rip: UInt64, watch: Watchpoint?) throws(SessionError) {
    guard isChecking, let causes = changes?.causes(rip: rip, written: watch?.address), !causes.isEmpty else {
      return
    }
    let code = inserted.hidden(from: target.bytes(at: VirtualAddress(rip), count: 2), at: rip)
    for cause in causes {
      guard changes?.note(cause, written: watch?.address, code: code, in: target) == true else { continue }
      if cause == .register { systemRegistersAreStale = true }
      changes?.wake()
    }
    try settle()
  }

  /// True where the mode passes over the return at which the machine stands; a return to Ring 0 is never audited.
  func isPassedOver(_ declared: KernelDeclarations) -> Bool {
    guard case .sample = mode, returnsUntilAudit > 0, checker != nil else { return false }
    var machine = target
    if checker?.leadsToRingThree(&machine, declared: declared) == true {
      returnsUntilAudit -= 1
      passedReturns += 1
    }
    return true
  }
}
