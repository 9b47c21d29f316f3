/// Group G: control registers and the live RFLAGS.
extension Rule {
  public static var pagingMode: Rule { Rule(140, "paging-mode", .fatal, .t0, "SDM Vol. 3A, 9.8.5") }
  public static var writeProtection: Rule { Rule(141, "CR0.WP", .security, .t0, "SDM Vol. 3A, 2.5, 4.6.1") }
  public static var noExecuteEnabled: Rule { Rule(142, "EFER.NXE", .fatal, .t0, "SDM Vol. 3A, 2.2.1, 4.5") }
  public static var supervisorProtections: Rule {
    Rule(143, "SMEP/SMAP/UMIP", .security, .t0, "SDM Vol. 3A, 2.5, 4.6.1")
  }
  public static var rflagsAtReturn: Rule {
    Rule(144, "RFLAGS-at-return", .fatal, .t0, "SDM Vol. 1, 3.4.3; Vol. 2A, IRET")
  }
  public static var taskPriorityZero: Rule { Rule(145, "CR8-zero", .fatal, .t0, "SDM Vol. 3A, 10.8.6") }
  public static var controlRegistersExpected: Rule {
    Rule(146, "CR4-consistency", .fatal, .t0, "SDM Vol. 3A, 2.5")
  }
  public static var protectionKeysAllow: Rule { Rule(147, "PKS/PKRU", .fatal, .t1, "SDM Vol. 3A, 4.6.2") }
  public static var addressSpaceSeparation: Rule { Rule(148, "LASS", .fatal, .t0, "SDM Vol. 3A, 4.4") }
  public static var controlBitsHarmless: Rule {
    Rule(149, "TSD/PCE/AM/TS/EM/NE", .hygiene, .t1, "SDM Vol. 3A, 2.5")
  }
  public static var noLockHeld: Rule {
    Rule(151, "sleeping-or-locked-return", .hygiene, .t3, "SDM Vol. 3A, 6.8")
  }
}

/// Group H: the bases of FS and GS.
extension Rule {
  public static var userBasesCanonical: Rule {
    Rule(160, "user-FS/GS-canonical", .hygiene, .t0, "SDM Vol. 1, 3.3.7.1; Vol. 3A, 3.4.4")
  }
  public static var dataSelectorsHarmless: Rule {
    Rule(161, "selectors-null-or-DPL3", .security, .t0, "SDM Vol. 2A, IRET; Vol. 3A, 3.4.4")
  }
  public static var basesBelongToThread: Rule {
    Rule(162, "bases-belong-to-thread", .security, .t3, "SDM Vol. 3A, 3.4.4")
  }
  public static var paranoidEntry: Rule {
    Rule(163, "paranoid-entry-method", .security, .t3, "SDM Vol. 2B, SWAPGS; Vol. 3A, 2.5")
  }
}
