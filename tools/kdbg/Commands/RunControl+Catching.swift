import Inspect
import Session
import Symbols
import X86

extension RunControl {
  /// Stops the machine at the handlers of `vectors` from now on, and of those named before.
  func catchVectors(_ vectors: some Sequence<UInt8>) throws(CommandFailure) {
    let gates = try gates()
    try change { caught in
      caught.vectors.add(vectors)
      caught.vectors.follow(gates)
    }
  }

  /// Stops the machine at the next first instruction of Ring 3.
  func catchUserReturns() throws(CommandFailure) {
    guard !runsUnderKVM else { throw .catchNeedsTranslator("ring 3") }
    let found: CaughtInstructions
    if let program {
      do {
        let returns = try program.returnInstructions().filter(\.isAudited)
        found = CaughtInstructions(addresses: Set(returns.map(\.address.rawValue)), source: .file)
      } catch { throw .symbols(error) }
    } else {
      found = try search("ring 3", PrivilegedCode.isReturn)
    }
    try change { $0.userReturns = found }
  }

  /// Stops the machine at the next first instruction of Ring 0 that Ring 3 came to.
  func catchEntries() throws(CommandFailure) {
    let entries = KernelEntries(try gates(), systemCall: try systemCallEntry())
    try change { $0.entries = entries }
  }

  /// Stops the machine behind the next load of CR3 that changes it: to `root`, or to anything.
  func catchRootTableLoads(of root: CR3?) throws(CommandFailure) {
    let found: CaughtInstructions
    if let program {
      do {
        let loads = try program.rootTableLoadInstructions()
        found = CaughtInstructions(addresses: Set(loads.map(\.rawValue)), source: .file)
      } catch { throw .symbols(error) }
    } else {
      found = try search("cr3", PrivilegedCode.isRootTableLoad)
    }
    do {
      try change { caught in
        caught.rootTableLoads = found
        caught.wantedRoot = root
      }
    } catch {
      // A target that writes breakpoints into memory cannot have them in the code that booted and is gone.
      let here = found.addresses.filter { target.bytes(at: VirtualAddress($0), count: 1).count == 1 }
      guard !here.isEmpty, here.count < found.addresses.count else { throw error }
      try change { caught in
        caught.rootTableLoads = CaughtInstructions(addresses: here, source: found.source)
        caught.wantedRoot = root
      }
    }
  }

  func catchNothing() throws(SessionError) {
    caught = CaughtEvents()
    try settle()
  }

  /// The event stopped the machine: one that was to do so once is caught no more.
  func noteCaught(_ event: CaughtEvents.Event) throws(SessionError) {
    guard caught.once.contains(event) else { return }
    caught.drop(event)
    try settle()
  }

  /// The kernel may have written other handlers into its table since.
  func followGates() throws(SessionError) {
    guard !caught.vectors.vectors.isEmpty || caught.entries != nil else { return }
    var machine = target
    guard let gates = try? InterruptTableView(of: &machine) else { return }
    caught.vectors.follow(gates)
    if let entries = caught.entries {
      caught.entries = KernelEntries(gates, systemCall: target.registers.lstar ?? entries.systemCall)
    }
    try settle()
  }

  /// True at the first instruction of the kernel, when Ring 3 was there before.
  func isEntryFromUser(_ registers: RegisterFile) -> Bool {
    guard let entries = caught.entries, registers.cs.requestedPrivilege == 0 else { return false }
    if registers.rip == entries.systemCall { return true }
    guard let pushes = entries.handlers[registers.rip] else { return false }
    let slot = registers.rsp &+ (pushes ? 16 : 8)
    guard let selector = try? scope.memory(.init(byteCount: 8), at: slot) else { return false }
    return selector & 3 == 3
  }
}

// MARK: Finding the places

extension RunControl {
  private func change(_ change: (inout CaughtEvents) -> Void) throws(CommandFailure) {
    let before = caught
    change(&caught)
    do {
      try settle()
    } catch {
      caught = before
      try? settle()
      throw .session(error)
    }
  }

  private func gates() throws(CommandFailure) -> InterruptTableView {
    var machine = target
    do { return try InterruptTableView(of: &machine) } catch { throw .inspection(error) }
  }

  /// LSTAR, where the processor has SYSCALL and can be asked.
  private func systemCallEntry() throws(CommandFailure) -> UInt64? {
    do throws(SessionError) { try knowProcessor(.onceIsEnough) } catch { throw .session(error) }
    return target.registers.lstar.flatMap { $0 == 0 ? nil : $0 }
  }

  /// Places that look like the instruction; only a target whose breakpoints change no memory may stop at them.
  private func search(
    _ event: String, _ matches: (ArraySlice<UInt8>) -> Bool
  ) throws(CommandFailure) -> CaughtInstructions {
    guard let accelerator = try? target.monitor("info kvm"), accelerator.contains("disabled") else {
      throw .catchNeedsFile(event)
    }
    let code = LiveCode(in: target, where: matches)
    return CaughtInstructions(addresses: code.places, source: code.isComplete ? .memory : .partOfMemory)
  }

  var runsUnderKVM: Bool { (try? target.monitor("info kvm"))?.contains("enabled") ?? false }
}
