import X86

extension Finding {
  /// How bad this violation is. The rule says it, except where parts of one rule weigh differently.
  public var severity: Severity {
    guard let evidence else { return rule.severity }
    switch rule {
    case .rflagsImagePolicy: return severityOfImage(evidence)
    case .machineEventsHaveInterruptStack:
      // The rule is only broken while SYSCALL is on, and then Ring 3 chooses the stack of the next NMI.
      return .fatal
    case .gatePrivilege: return severityOfPrivilege(evidence)
    case .rootTableSane:
      // Bits that the processor ignores.
      if case .bits(_, _, let wrong) = evidence, wrong & ~Auditor.ignoredRootBits == 0 { return .hygiene }
      return rule.severity
    case .rflagsAtReturn: return severityOfLiveFlags(evidence)
    case .noForeignGates:
      // A null descriptor that is not zero is somebody's scratch space.
      if case .descriptor(let selector, _, _) = evidence, selector.isNull { return .hygiene }
      return rule.severity
    default: return rule.severity
    }
  }

  /// RT-012. Ring 3 without IF can never be preempted; the other bits only tell or allow too much.
  private func severityOfImage(_ evidence: Evidence) -> Severity {
    guard case .bits(_, _, let wrong) = evidence else { return rule.severity }
    return wrong & RFlags.interruptEnable.rawValue != 0 ? .fatal : .security
  }

  /// RT-067. A system call that Ring 3 may not make is fatal, a vector too many is a breach; `int3` and `into`
  /// may be closed on purpose.
  private func severityOfPrivilege(_ evidence: Evidence) -> Severity {
    guard case .gate(let vector, let gate) = evidence else { return rule.severity }
    if gate.privilege == 3 { return .security }
    return vector == ExceptionVector.breakpoint.rawValue || vector == ExceptionVector.overflow.rawValue
      ? .hygiene : .fatal
  }

  /// RT-144. NT faults at the `iretq`, and an interrupt in the window runs with the user's GS; AC and TF only
  /// weaken.
  private func severityOfLiveFlags(_ evidence: Evidence) -> Severity {
    guard case .bits(_, _, let wrong) = evidence else { return rule.severity }
    let fatal = RFlags.interruptEnable.rawValue | RFlags.nestedTask.rawValue
    return wrong & fatal != 0 ? .fatal : .security
  }
}
