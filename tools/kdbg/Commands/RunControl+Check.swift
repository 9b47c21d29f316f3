import Inspect
import Session
import X86

extension RunControl {
  /// Switches the check on. A machine that stands at a return already is audited at once; a violation there is
  /// the result.
  public func startChecking() throws(CommandFailure) -> ReturnAudit? {
    guard !isChecking else { return nil }
    guard target.virtualization != .software else { throw .checkNeedsTranslator(Self.softwareKVM) }
    if checker == nil { try findSites() }
    changes = try changeWatch()
    returnsUntilAudit = 0
    isChecking = true
    lookForSites(.startOfCheck)
    target.systemRegistersPolicy = .keepAcrossStops
    do {
      try settle()
    } catch {
      isChecking = false
      guard error.category == .refused, runsUnderKVM else { throw .session(error) }
      throw .checkNeedsTranslator(Self.noBreakpointUnderKVM)
    }
    guard isAtSite else { return nil }
    do { return try auditHere() } catch { throw .session(error) }
  }

  private static let softwareKVM =
    "KVM on this host is neither VMX nor SVM: it delivers events in software, and a step over iretq runs away"
  private static let noBreakpointUnderKVM =
    "under KVM a breakpoint is written into memory, and the kernel is not there yet"

  func stopChecking() throws(SessionError) {
    isChecking = false
    target.systemRegistersPolicy = .everyStop
    try settle()
  }

  /// As if nothing had been checked so far.
  func forgetCheck() throws(SessionError) {
    checker = nil
    verdict = .held
    try stopChecking()
  }

  /// What earlier returns under the loaded table stood on.
  var earlierEntries: ValidatedEntries {
    checker?.entries(under: target.coreRegisters, declared: declarations) ?? .none
  }

  var isAtSite: Bool { checker?.isSite(VirtualAddress(target.coreRegisters.rip)) ?? false }

  /// The violation at the return where the machine stands, if there is one.
  func auditHere() throws(SessionError) -> ReturnAudit? {
    let declared = declarations
    guard !isPassedOver(declared) else { return nil }
    let isFresh = try knowProcessor(.onceIsEnough)
    var machine = target
    let outcome = checker?.audit(&machine, declared: isFresh ? declarations : declared) {
      !isFresh && (try? knowProcessor(.now)) ?? false
    }
    if case .held = outcome {
      if case .sample(let period) = mode { returnsUntilAudit = period - 1 }
      try rest()
    }
    guard case .violated(let audit) = outcome else { return nil }
    verdict = .violated
    return audit
  }

  /// A violation that was asked for is the session's verdict, as one that the check finds. Outside of long mode there is
  /// no kernel yet to be judged.
  func note(_ audit: ReturnAudit, asking selection: AuditSelection) {
    let least = selection.leastSeverity ?? ReturnChecker.standardSeverity
    guard audit.registers.isLongMode, audit.isViolated(from: least) else { return }
    verdict = max(verdict, .violated)
  }

  /// Setting the policy makes the target ask the monitor at the next use.
  func askSystemRegistersAgain() {
    systemRegistersAreStale = false
    if checker?.count == 0 { siteWatch.isStale = true }
    knowledge.isStale = true
    target.systemRegistersPolicy = isChecking ? .keepAcrossStops : .everyStop
  }
}
