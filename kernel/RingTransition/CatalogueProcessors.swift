/// Group I: several processors.
extension Rule {
  public static var taskStateUnique: Rule { Rule(170, "TSS-unique", .fatal, .t1, "SDM Vol. 3A, 7.7") }
  public static var stacksUnique: Rule { Rule(171, "stacks-unique", .fatal, .t1, "SDM Vol. 3A, 6.14.2, 7.7") }
  public static var threadOnOneProcessor: Rule {
    Rule(172, "one-thread-one-CPU", .fatal, .t3, "SDM Vol. 3A, 7.7")
  }
  public static var taskStatesBusy: Rule { Rule(173, "TSS-busy-bits", .hygiene, .t1, "SDM Vol. 3A, 7.2.2") }
  public static var perProcessorBlockUnique: Rule {
    Rule(174, "per-CPU-GS-unique", .fatal, .t1, "SDM Vol. 2B, SWAPGS")
  }
  public static var controlStateEqual: Rule {
    Rule(175, "control-state-equal", .fatal, .t1, "SDM Vol. 3A, 2.5, 8.4")
  }
  public static var processorTablesMapped: Rule {
    Rule(176, "AP-tables-mapped", .fatal, .t1, "SDM Vol. 3A, 4.5, 4.6.1")
  }
  public static var freedRootNotLive: Rule {
    Rule(177, "freed-CR3-not-live", .fatal, .t3, "SDM Vol. 3A, 4.10.4")
  }
  public static var shootdownComplete: Rule {
    Rule(178, "shootdown-complete", .hygiene, .t3, "SDM Vol. 3A, 4.10.5")
  }
}
