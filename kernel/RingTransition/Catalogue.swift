/// Group A: the frame that `iretq` is about to pop.
extension Rule {
  public static var frameReadable: Rule {
    Rule(1, "frame-readable", .fatal, "SDM Vol. 2A, IRET; Vol. 3A, 4.7")
  }
  public static var opcodeIsIretq: Rule { Rule(2, "opcode-is-iretq", .fatal, "SDM Vol. 2A, IRET") }
  public static var kernelNestedTaskClear: Rule { Rule(3, "kernel-NT-clear", .fatal, "SDM Vol. 2A, IRET") }
  public static var returnsToUser: Rule { Rule(4, "returns-to-user", .security, "SDM Vol. 3A, 5.5") }
  public static var ripCanonical: Rule {
    Rule(5, "RIP-canonical", .fatal, "SDM Vol. 2A, IRET; Vol. 1, 3.3.7.1")
  }
  public static var codeDescriptorValid: Rule {
    Rule(6, "CS-descriptor-valid", .fatal, "SDM Vol. 2A, IRET")
  }
  public static var stackDescriptorValid: Rule {
    Rule(7, "SS-descriptor-valid", .fatal, "SDM Vol. 2A, IRET")
  }
  public static var accessedBitsSettable: Rule {
    Rule(8, "CS-SS-accessed-or-GDT-writable", .fatal, "SDM Vol. 3A, 3.4.5.1")
  }
  public static var rflagsImageFixedBits: Rule {
    Rule(9, "RFLAGS-image-fixed-bits", .hygiene, "SDM Vol. 1, 3.4.3")
  }
  public static var ripInUserHalf: Rule { Rule(10, "RIP-in-user-half", .security, "SDM Vol. 3A, 4.6.1") }
  public static var rspImageUser: Rule { Rule(11, "RSP-image-user", .security, "SDM Vol. 1, 3.3.7.1") }
  public static var rflagsImagePolicy: Rule { Rule(12, "RFLAGS-image-policy", .fatal, "SDM Vol. 1, 3.4.3") }
  public static var compatibilityReturn: Rule {
    Rule(13, "compat-return-consistent", .hygiene, "SDM Vol. 2A, IRET")
  }
  public static var userInstructionPage: Rule { Rule(14, "user-RIP-page", .hygiene, "SDM Vol. 3A, 4.6.1") }
  public static var userStackPage: Rule { Rule(15, "user-stack-page", .hygiene, "SDM Vol. 3A, 4.6.1") }
  public static var noKernelPointers: Rule {
    Rule(16, "no-kernel-pointers-in-user-registers", .security, "SDM Vol. 2A, IRET")
  }
  public static var frameAtExpectedSlot: Rule {
    Rule(17, "frame-at-expected-slot", .hygiene, "SDM Vol. 3A, 6.14.2")
  }
}

/// Group B: the task-state segment and the stack that the next entry will use.
extension Rule {
  public static var taskRegisterLoaded: Rule { Rule(20, "TR-loaded", .fatal, "SDM Vol. 3A, 2.4.4, 7.7") }
  public static var taskStateLimit: Rule { Rule(21, "TSS-limit", .fatal, "SDM Vol. 3A, 6.14.4, 7.7") }
  public static var taskStateMapped: Rule { Rule(22, "TSS-mapped", .fatal, "SDM Vol. 3A, 4.6.1, 7.7") }
  public static var taskStateDescriptorAgrees: Rule {
    Rule(23, "TSS-descriptor-agrees", .hygiene, "SDM Vol. 3A, 7.2.3")
  }
  public static var rsp0Canonical: Rule { Rule(24, "RSP0-canonical", .fatal, "SDM Vol. 3A, 6.14.2") }
  public static var rsp0Initialised: Rule { Rule(25, "RSP0-initialised", .fatal, "SDM Vol. 3A, 7.7") }
  public static var rsp0FramePagesWritable: Rule {
    Rule(26, "RSP0-frame-pages-writable", .fatal, "SDM Vol. 3A, 6.14.2, 4.6.1")
  }
  public static var rsp0NotUserAccessible: Rule {
    Rule(27, "RSP0-not-user-accessible", .security, "SDM Vol. 3A, 4.6.1")
  }
  public static var handlerHeadroom: Rule { Rule(28, "handler-headroom", .fatal, "SDM Vol. 3A, 6.14.2") }
  public static var rsp0Aligned: Rule { Rule(29, "RSP0-aligned", .hygiene, "SDM Vol. 3A, 6.14.2") }
  public static var rsp0BelongsToCurrent: Rule {
    Rule(30, "RSP0-belongs-to-current", .fatal, "SDM Vol. 3A, 7.7")
  }
  public static var rsp0Exclusive: Rule { Rule(31, "RSP0-exclusive", .fatal, "SDM Vol. 3A, 6.14.5") }
  public static var rsp0FramesSane: Rule { Rule(32, "RSP0-frames-sane", .fatal, "SDM Vol. 3A, 4.5") }
  public static var guardBelowStack: Rule { Rule(33, "guard-below-stack", .hygiene, "SDM Vol. 3A, 4.7") }
}

/// Group C: the interrupt stack table.
extension Rule {
  public static var doubleFaultHasInterruptStack: Rule {
    Rule(40, "DF-has-IST", .fatal, "SDM Vol. 3A, 6.14.5")
  }
  public static var interruptStackUsable: Rule { Rule(42, "IST-slot-usable", .fatal, "SDM Vol. 3A, 6.14.5") }
}

/// Group E: what every page-table path needs.
extension Rule {
  public static var noReservedBits: Rule {
    Rule(90, "no-reserved-bits-on-needed-path", .fatal, "SDM Vol. 3A, 4.5, 4.7")
  }
}

/// Rules that a diagnosis names as broken. The audit before a return does not check them.
extension Rule {
  public static var globalTableMapped: Rule { Rule(60, "GDT-mapped", .fatal, "SDM Vol. 3A, 3.5.1") }
  public static var globalTableAccessedBits: Rule {
    Rule(61, "GDT-writable-or-A-bits-set", .fatal, "SDM Vol. 3A, 3.4.5.1")
  }
  public static var kernelCodeDescriptor: Rule {
    Rule(62, "kernel-CS-descriptor", .fatal, "SDM Vol. 3A, 6.12.1, 6.14")
  }
  public static var interruptTableLimit: Rule { Rule(63, "IDT-limit", .fatal, "SDM Vol. 3A, 6.10") }
  public static var interruptTableMapped: Rule { Rule(64, "IDT-mapped", .fatal, "SDM Vol. 3A, 6.10") }
  public static var gatePresentAndType: Rule {
    Rule(65, "gate-present-and-type", .fatal, "SDM Vol. 3A, 6.11, 6.14.1")
  }
  public static var gatePrivilege: Rule { Rule(67, "gate-DPL-policy", .fatal, "SDM Vol. 3A, 6.12.1.1") }
  public static var gateOffsetCanonical: Rule {
    Rule(69, "gate-offset-canonical", .fatal, "SDM Vol. 3A, 6.14.1")
  }
  public static var handlerPageExecutable: Rule {
    Rule(70, "handler-page-executable", .fatal, "SDM Vol. 3A, 4.6.1")
  }
  public static var entryDataMapped: Rule { Rule(73, "entry-data-mapped", .fatal, "SDM Vol. 3A, 4.6.1") }
  public static var controllerVectors: Rule {
    Rule(74, "PIC/APIC-vectors-off-exceptions", .fatal, "SDM Vol. 3A, 6.2")
  }
}

extension Rule {
  /// How many rules the audit before a return checks.
  public static let auditedCount = 34

  /// The rules of the audit in catalogue order, `0 ..< auditedCount`; nil outside.
  public static func audited(_ position: Int) -> Rule? {
    switch position {
    case 0: frameReadable
    case 1: opcodeIsIretq
    case 2: kernelNestedTaskClear
    case 3: returnsToUser
    case 4: ripCanonical
    case 5: codeDescriptorValid
    case 6: stackDescriptorValid
    case 7: accessedBitsSettable
    case 8: rflagsImageFixedBits
    case 9: ripInUserHalf
    case 10: rspImageUser
    case 11: rflagsImagePolicy
    case 12: compatibilityReturn
    case 13: userInstructionPage
    case 14: userStackPage
    case 15: noKernelPointers
    case 16: frameAtExpectedSlot
    case 17: taskRegisterLoaded
    case 18: taskStateLimit
    case 19: taskStateMapped
    case 20: taskStateDescriptorAgrees
    case 21: rsp0Canonical
    case 22: rsp0Initialised
    case 23: rsp0FramePagesWritable
    case 24: rsp0NotUserAccessible
    case 25: handlerHeadroom
    case 26: rsp0Aligned
    case 27: rsp0BelongsToCurrent
    case 28: rsp0Exclusive
    case 29: rsp0FramesSane
    case 30: guardBelowStack
    case 31: doubleFaultHasInterruptStack
    case 32: interruptStackUsable
    case 33: noReservedBits
    default: nil
    }
  }

  /// True when the audit before a return checks this rule.
  public var isAudited: Bool {
    for position in 0..<Rule.auditedCount where Rule.audited(position) == self { return true }
    return false
  }
}
