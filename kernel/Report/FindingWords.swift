import RingTransition
import X86

extension TextSink {
  /// A finding on one line, without the line's end: `RT-026 RSP0-frame-pages-writable: fatal: ...`.
  public mutating func write(_ finding: Finding) {
    writeIdentifier(finding.rule)
    write(" ")
    write(finding.rule.name)
    write(": ")
    switch finding.verdict {
    case .held: write("held")
    case .unknown(let missing):
      write("not checked: ")
      write(missing)
    case .skipped(let reason):
      write("skipped: ")
      write(reason)
    case .violated(let evidence):
      write(finding.severity)
      write(": ")
      write(evidence, of: finding.rule)
    }
  }

  /// What shows that `rule` is violated, and what the processor makes of it.
  public mutating func write(_ evidence: Evidence, of rule: Rule) {
    switch evidence {
    case .access(let walk, let access, let result): writeRefusal(walk, access, result, rule)
    case .value(let subject, let value): writeValue(subject, value, rule)
    case .mismatch(let subject, let actual, let expected):
      writeMismatch(subject, actual, expected, rule)
    case .bits(let subject, let value, let wrong): writeBits(subject, value, wrong)
    case .outside(let subject, let value, let stack):
      write(subject)
      write(" ")
      write(hex: value)
      write(
        subject == .interruptStackFrame ? " lies on " : " lies outside the current thread's stack ")
      write(stack)
    case .overlap(let stack, let subject, let other):
      write("the stack under RSP0, ")
      write(stack)
      write(", overlaps ")
      write(subject)
      write(", ")
      write(other)
    case .stacksOverlap(let subject, let stack, let otherSubject, let other):
      write(subject)
      write(", ")
      write(stack)
      write(", overlaps ")
      write(otherSubject)
      write(", ")
      write(other)
    case .sharedSlot(let vector, let other, let slot):
      write("the gates of ")
      writeVector(vector)
      write(" and ")
      writeVector(other)
      write(" both name IST")
      write(decimal: UInt64(slot))
    case .sharedFrame(let walk, let use):
      write("the frame under ")
      write(hex: walk.address.rawValue)
      if let physical = walk.physicalAddress {
        write(", ")
        write(hex: PhysicalFrame(containing: physical).address.rawValue)
      }
      write(", is ")
      write(use)
      if rule.isAboutTables { write(", and Ring 3 reaches it") }
    case .descriptor(let selector, let descriptor, let problem):
      writeDescriptor(selector, descriptor, problem, rule)
    case .gate(let vector, let gate):
      write("gate ")
      write(hex: UInt64(vector))
      write(" is ")
      write(gate)
    case .rights(let walk): writeRights(walk, rule)
    case .rootEntry, .shared, .differs, .processorStacks, .sharedContext, .narrowed:
      writeComparison(evidence)
    }
  }

  /// `0xlow-0xhigh`.
  public mutating func write(_ stack: StackInterval) {
    write(hex: stack.low)
    write("-")
    write(hex: stack.high)
  }

  /// What kind of access, in the plural: `supervisor writes`.
  public mutating func write(_ access: PageAccess) {
    switch access {
    case .supervisorRead: write("supervisor reads")
    case .supervisorWrite: write("supervisor writes")
    case .supervisorFetch: write("supervisor fetches")
    case .userRead: write("user reads")
    case .userWrite: write("user writes")
    case .userFetch: write("user fetches")
    }
  }

  private mutating func writeRefusal(
    _ walk: PageWalk, _ access: PageAccess, _ result: AccessResult, _ rule: Rule
  ) {
    write(hex: walk.address.rawValue)
    write(walk.physicalAddress == nil ? " is not mapped for " : " refuses ")
    write(access)
    write(" in CR3 ")
    write(hex: walk.root.address.rawValue)
    write(": ")
    if walk.physicalAddress == nil {
      writeReason(of: walk)
    } else {
      writeDenial(walk, access)
    }
    switch result {
    case .pageFault(let code):
      write("; ")
      write(rule.moment)
      write(" raises #PF (error ")
      write(hex: code.rawValue)
      write(", CR2 ")
      write(hex: walk.address.rawValue)
      write(")")
    case .nonCanonical:
      write("; ")
      write(rule.moment)
      write(rule == .frameReadable ? " raises #SS" : " raises #GP or #SS")
    case .allowed, .unknown: break
    }
  }

  /// Which level of a present translation refuses `access`.
  private mutating func writeDenial(_ walk: PageWalk, _ access: PageAccess) {
    if access.isUser, let step = walk.firstStep(where: .user, isSet: false) {
      writeName(step.level, step.index)
      write(" is supervisor")
    } else if access.isFetch, let step = walk.firstStep(where: .noExecute, isSet: true) {
      writeName(step.level, step.index)
      write(" is no-execute")
    } else if !access.isUser, walk.rights.isUser {
      write(access.isFetch ? "it is a user page and SMEP is on" : "it is a user page and SMAP is on")
    } else if access.isWrite, let step = walk.firstStep(where: .writable, isSet: false) {
      writeName(step.level, step.index)
      write(" is read-only")
    } else {
      write("its rights do not allow it")
    }
  }

  private mutating func writeRights(_ walk: PageWalk, _ rule: Rule) {
    write(hex: walk.address.rawValue)
    switch rule.number {
    case 33: write(", below the kernel stack, is mapped")
    case 35: write(", in the TSS, is writable by Ring 3")
    case 45: write(", below an IST stack, is mapped")
    case 71:
      write(", a handler's code, is ")
      write(walk.rights.isUser ? "accessible to Ring 3" : "writable")
    case 82: write(", in a descriptor table, is accessible to Ring 3")
    case 83: write(", in a descriptor table, is writable")
    case 100...115: writeRightsOfTables(walk, rule)
    default: write(", on the kernel stack, is accessible to Ring 3")
    }
    write(" in CR3 ")
    write(hex: walk.root.address.rawValue)
    if let physical = walk.physicalAddress {
      write(" (frame ")
      write(hex: PhysicalFrame(containing: physical).address.rawValue)
      write(")")
    }
  }
}

extension Rule {
  /// When a violation shows itself.
  var moment: StaticString {
    switch number {
    case 1...13: "iretq"
    case 14, 15: "Ring 3"
    case 121, 132: "SYSCALL"
    default: "next entry"
    }
  }
}
