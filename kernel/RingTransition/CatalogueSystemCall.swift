/// Group F: SYSCALL, SYSRET and SWAPGS.
extension Rule {
  public static var systemCallEnabled: Rule {
    Rule(120, "SCE-matches-ABI", .fatal, .t0, "SDM Vol. 3A, 2.2.1; Vol. 2B, SYSCALL")
  }
  public static var systemCallTarget: Rule {
    Rule(121, "LSTAR-target", .fatal, .t0, "SDM Vol. 3A, 5.8.8; Vol. 2B, SYSCALL")
  }
  public static var compatibilityEntries: Rule {
    Rule(122, "CSTAR-and-SYSENTER", .security, .t1, "AMD APM Vol. 2, 6.1.1; SDM Vol. 3A, 5.8.7")
  }
  public static var systemCallSelectors: Rule {
    Rule(123, "STAR", .fatal, .t1, "SDM Vol. 3A, 5.8.8; AMD APM Vol. 3, SYSRET")
  }
  public static var systemCallMask: Rule {
    Rule(124, "SFMASK", .security, .t1, "SDM Vol. 3A, 5.8.8; Vol. 2B, SYSCALL")
  }
  public static var swapgsBalance: Rule {
    Rule(125, "swapgs-balance-at-return", .fatal, .t0, "SDM Vol. 2B, SWAPGS")
  }
  public static var systemReturnAddress: Rule { Rule(126, "sysret-RIP", .fatal, .t0, "SDM Vol. 2B, SYSRET") }
  public static var systemReturnFlags: Rule {
    Rule(127, "sysret-flags", .security, .t0, "SDM Vol. 2B, SYSRET")
  }
  public static var systemCallAtHole: Rule {
    Rule(128, "syscall-at-canonical-edge", .security, .t1, "SDM Vol. 2B, SYSCALL")
  }
  public static var opcodeIsSysretq: Rule { Rule(129, "sysret-opcode", .fatal, .t0, "SDM Vol. 2B, SYSRET") }
  public static var exitWindow: Rule {
    Rule(130, "exit-window", .security, .t0, "SDM Vol. 2B, SWAPGS, SYSRET")
  }
  public static var systemReturnStackSegment: Rule {
    Rule(131, "AMD-SYSRET-SS", .hygiene, .t3, "AMD APM Vol. 3, SYSRET")
  }
  public static var systemCallStack: Rule {
    Rule(132, "syscall-stack-source", .fatal, .t3, "SDM Vol. 3A, 5.8.8, 4.6.1")
  }
}
