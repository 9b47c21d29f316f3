/// Group E: the page tables that Ring 3 will use.
extension Rule {
  public static var noReservedBits: Rule {
    Rule(90, "no-reserved-bits-on-needed-path", .fatal, .t0, "SDM Vol. 3A, 4.5, 4.7")
  }
  public static var rootTableSane: Rule { Rule(91, "CR3-sane", .fatal, .t0, "SDM Vol. 3A, 4.5") }
  public static var tableFramesInMemory: Rule {
    Rule(92, "table-frames-in-RAM", .fatal, .t0, "SDM Vol. 3A, 4.5, 4.8")
  }
  public static var leafFramesInMemory: Rule {
    Rule(93, "leaf-frames-in-RAM", .fatal, .t0, "SDM Vol. 3A, 4.5")
  }
  public static var rootBelongsToCurrent: Rule {
    Rule(94, "CR3-belongs-to-current", .fatal, .t3, "SDM Vol. 3A, 4.5")
  }
  public static var kernelHalfConsistent: Rule {
    Rule(100, "kernel-half-consistent", .fatal, .t0, "SDM Vol. 3A, 4.5")
  }
  public static var noUserAccessibleKernelPage: Rule {
    Rule(101, "no-user-accessible-kernel-page", .security, .t2, "SDM Vol. 3A, 4.6.1")
  }
  public static var noKernelFrameInUserHalf: Rule {
    Rule(102, "user-half-has-no-kernel-frames", .security, .t2, "SDM Vol. 3A, 4.6.1")
  }
  public static var pageTablesNotUserMapped: Rule {
    Rule(103, "page-tables-not-user-mapped", .security, .t2, "SDM Vol. 3A, 4.6.1")
  }
  public static var writeXorExecute: Rule { Rule(104, "W-xor-X", .security, .t2, "SDM Vol. 3A, 4.6.1") }
  public static var kernelTextReadOnly: Rule {
    Rule(105, "kernel-text-read-only", .security, .t2, "SDM Vol. 3A, 4.6.1")
  }
  public static var guardPages: Rule { Rule(106, "guard-pages", .hygiene, .t1, "SDM Vol. 3A, 4.7") }
  public static var globalBits: Rule { Rule(107, "global-bits", .security, .t2, "SDM Vol. 3A, 4.10.2.4") }
  public static var processContextHygiene: Rule {
    Rule(108, "PCID-hygiene", .security, .t1, "SDM Vol. 3A, 4.10.1")
  }
  public static var staleTranslation: Rule {
    Rule(109, "stale-TLB-risk", .hygiene, .t0, "SDM Vol. 3A, 4.10.4")
  }
  public static var lowIdentityMap: Rule { Rule(110, "low-identity-map", .hygiene, .t1, "SDM Vol. 3A, 4.5") }
  public static var topUserPage: Rule {
    Rule(111, "top-user-page", .security, .t1, "SDM Vol. 1, 3.3.7.1; Vol. 2B, SYSRET")
  }
  public static var largePagesSane: Rule { Rule(112, "large-page-sanity", .fatal, .t0, "SDM Vol. 3A, 4.5") }
  public static var stackMemoryType: Rule {
    Rule(113, "kernel-stack-memory-type", .hygiene, .t1, "SDM Vol. 3A, 4.9, 11.12")
  }
  public static var processorBitsWritable: Rule {
    Rule(114, "A-D-bits-writable", .hygiene, .t2, "SDM Vol. 3A, 4.8")
  }
  public static var aliases: Rule { Rule(115, "alias-audit", .security, .t2, "SDM Vol. 3A, 4.6.1") }
}
