import RingTransition
import X86

/// The check of every return to Ring 3: where returns happen, how many were audited, and what was found.
public struct ReturnChecker: Sendable {
  /// One `iretq` of the kernel.
  public struct Site: Equatable, Sendable {
    public let address: VirtualAddress
    /// Returns to Ring 3 that were audited here.
    public internal(set) var returns = 0
    /// Returns to Ring 0 that passed here: counted, not audited.
    public internal(set) var kernelReturns = 0
  }

  /// What one stop at a site came to.
  public enum Outcome: Sendable {
    /// The frame belongs to Ring 0.
    case kernelReturn
    case held
    case violated(ReturnAudit)
  }

  public private(set) var sites: [Site]
  /// The `sysretq`, which nobody looks at here.
  public let unaudited: [ReturnInstruction]
  /// The first return that broke a fatal or a security rule.
  public private(set) var violation: ReturnAudit?
  /// The hygiene rules that were broken, each with the first audit that found it.
  public private(set) var hygiene: [Finding] = []
  /// The rules that could not be checked at one return or more.
  public private(set) var unchecked: [Finding] = []

  /// A check of the `iretq` among `instructions`. Nil when there is none.
  public init?(_ instructions: [ReturnInstruction]) {
    let audited = instructions.filter { $0.mnemonic == ReturnInstruction.audited }
    guard !audited.isEmpty else { return nil }
    sites = audited.map { Site(address: $0.address) }
    unaudited = instructions.filter { $0.mnemonic == ReturnInstruction.unaudited }
  }

  /// Returns to Ring 3 that were audited.
  public var count: Int { sites.reduce(0) { $0 + $1.returns } }
  /// Sites at which a return to Ring 3 was audited.
  public var activeSites: Int { sites.count { $0.returns > 0 } }

  public func isSite(_ address: VirtualAddress) -> Bool { sites.contains { $0.address == address } }

  /// Audits the return that `machine`, stopped at a site, is about to make.
  public mutating func audit(_ machine: inout some Debuggee, kernel: KernelTable?) -> Outcome {
    let registers = machine.coreRegisters
    let site = sites.firstIndex { $0.address.rawValue == registers.rip }
    let selector = machine.loadVirtual(
      VirtualAddress(registers.rsp) + 8, root: registers.cr3.root, mode: registers.pagingMode)
    // A frame that cannot be read, or that belongs to neither ring, is the audit's business.
    if let selector, selector & 3 == 0 {
      if let site { sites[site].kernelReturns += 1 }
      return .kernelReturn
    }
    let audit = ReturnAudit(of: &machine, kernel: kernel)
    if let site { sites[site].returns += 1 }
    note(audit)
    guard audit.endsCheck else { return .held }
    if violation == nil { violation = audit }
    return .violated(audit)
  }

  private mutating func note(_ audit: ReturnAudit) {
    for finding in audit.findings where !finding.isHeld {
      if finding.isViolated {
        guard finding.severity == .hygiene, !hygiene.contains(where: { $0.rule == finding.rule }) else {
          continue
        }
        hygiene.append(finding)
      } else if !unchecked.contains(where: { $0.rule == finding.rule }) {
        unchecked.append(finding)
      }
    }
  }
}
