/// Group B: the task-state segment and the stack that the next entry will use.
extension Rule {
  public static var taskRegisterLoaded: Rule { Rule(20, "TR-loaded", .fatal, .t0, "SDM Vol. 3A, 2.4.4, 7.7") }
  public static var taskStateLimit: Rule { Rule(21, "TSS-limit", .fatal, .t0, "SDM Vol. 3A, 6.14.4, 7.7") }
  public static var taskStateMapped: Rule { Rule(22, "TSS-mapped", .fatal, .t0, "SDM Vol. 3A, 4.6.1, 7.7") }
  public static var taskStateDescriptorAgrees: Rule {
    Rule(23, "TSS-descriptor-agrees", .hygiene, .t1, "SDM Vol. 3A, 7.2.3")
  }
  public static var rsp0Canonical: Rule { Rule(24, "RSP0-canonical", .fatal, .t0, "SDM Vol. 3A, 6.14.2") }
  public static var rsp0Initialised: Rule { Rule(25, "RSP0-initialised", .fatal, .t0, "SDM Vol. 3A, 7.7") }
  public static var rsp0FramePagesWritable: Rule {
    Rule(26, "RSP0-frame-pages-writable", .fatal, .t0, "SDM Vol. 3A, 6.14.2, 4.6.1")
  }
  public static var rsp0NotUserAccessible: Rule {
    Rule(27, "RSP0-not-user-accessible", .security, .t0, "SDM Vol. 3A, 4.6.1")
  }
  public static var handlerHeadroom: Rule { Rule(28, "handler-headroom", .fatal, .t0, "SDM Vol. 3A, 6.14.2") }
  public static var rsp0Aligned: Rule { Rule(29, "RSP0-aligned", .hygiene, .t0, "SDM Vol. 3A, 6.14.2") }
  public static var rsp0BelongsToCurrent: Rule {
    Rule(30, "RSP0-belongs-to-current", .fatal, .t3, "SDM Vol. 3A, 7.7")
  }
  public static var rsp0Exclusive: Rule { Rule(31, "RSP0-exclusive", .fatal, .t1, "SDM Vol. 3A, 6.14.5") }
  public static var rsp0FramesSane: Rule { Rule(32, "RSP0-frames-sane", .fatal, .t0, "SDM Vol. 3A, 4.5") }
  public static var guardBelowStack: Rule { Rule(33, "guard-below-stack", .hygiene, .t0, "SDM Vol. 3A, 4.7") }
  public static var portBitmapClosed: Rule {
    Rule(34, "IOPB-closed", .security, .t1, "SDM Vol. 1, 19.5.2; Vol. 3A, 7.7")
  }
  public static var taskStateNotUserWritable: Rule {
    Rule(35, "TSS-not-user-writable", .security, .t1, "SDM Vol. 3A, 7.7, 4.6.1")
  }
  public static var ringsOneAndTwoUnused: Rule {
    Rule(36, "rings-1-2-unused", .hygiene, .t1, "SDM Vol. 3A, 7.7")
  }
  public static var taskStateOnOnePage: Rule {
    Rule(37, "TSS-single-page", .hygiene, .t1, "SDM Vol. 3A, 7.7")
  }
}

/// Group C: the interrupt stack table, and the events that need it.
extension Rule {
  public static var doubleFaultHasInterruptStack: Rule {
    Rule(40, "DF-has-IST", .fatal, .t0, "SDM Vol. 3A, 6.14.5")
  }
  public static var machineEventsHaveInterruptStack: Rule {
    Rule(41, "NMI-MC-have-IST", .security, .t1, "SDM Vol. 3A, 5.8.8, 6.14.5")
  }
  public static var interruptStackUsable: Rule {
    Rule(42, "IST-slot-usable", .fatal, .t0, "SDM Vol. 3A, 6.14.5")
  }
  public static var interruptStacksDistinct: Rule {
    Rule(44, "IST-stacks-distinct", .fatal, .t1, "SDM Vol. 3A, 6.14.5")
  }
  public static var interruptStackGuards: Rule {
    Rule(45, "IST-guard-pages", .hygiene, .t1, "SDM Vol. 3A, 6.14.5, 4.7")
  }
  public static var noInterruptStackOnReentrant: Rule {
    Rule(46, "no-IST-on-reentrant-vectors", .security, .t1, "SDM Vol. 3A, 6.14.5")
  }
  public static var interruptStacksPerProcessor: Rule {
    Rule(47, "IST-unique-per-CPU", .fatal, .t1, "SDM Vol. 3A, 6.14.5, 7.7")
  }
  public static var returnNotFromInterruptStack: Rule {
    Rule(48, "return-not-from-IST", .hygiene, .t0, "SDM Vol. 3A, 6.14.5")
  }
  public static var nonMaskableReturn: Rule {
    Rule(49, "NMI-iret-unmask", .security, .t3, "SDM Vol. 3A, 6.7.1")
  }
  public static var noBreakpointOnEntry: Rule {
    Rule(50, "DB-on-kernel-entry", .security, .t0, "SDM Vol. 3B, 17.2; Vol. 3A, 6.8.3")
  }
  public static var machineCheckEnabled: Rule {
    Rule(51, "MC-enabled", .hygiene, .t1, "SDM Vol. 3A, 2.5; Vol. 3B, 15.8")
  }
}
