/// Group A: the frame that `iretq` is about to pop.
extension Rule {
  public static var frameReadable: Rule {
    Rule(1, "frame-readable", .fatal, .t0, "SDM Vol. 2A, IRET; Vol. 3A, 4.7")
  }
  public static var opcodeIsIretq: Rule { Rule(2, "opcode-is-iretq", .fatal, .t0, "SDM Vol. 2A, IRET") }
  public static var kernelNestedTaskClear: Rule {
    Rule(3, "kernel-NT-clear", .fatal, .t0, "SDM Vol. 2A, IRET")
  }
  public static var returnsToUser: Rule { Rule(4, "returns-to-user", .security, .t0, "SDM Vol. 3A, 5.5") }
  public static var ripCanonical: Rule {
    Rule(5, "RIP-canonical", .fatal, .t0, "SDM Vol. 2A, IRET; Vol. 1, 3.3.7.1")
  }
  public static var codeDescriptorValid: Rule {
    Rule(6, "CS-descriptor-valid", .fatal, .t0, "SDM Vol. 2A, IRET")
  }
  public static var stackDescriptorValid: Rule {
    Rule(7, "SS-descriptor-valid", .fatal, .t0, "SDM Vol. 2A, IRET")
  }
  public static var accessedBitsSettable: Rule {
    Rule(8, "CS-SS-accessed-or-GDT-writable", .fatal, .t0, "SDM Vol. 3A, 3.4.5.1")
  }
  public static var rflagsImageFixedBits: Rule {
    Rule(9, "RFLAGS-image-fixed-bits", .hygiene, .t0, "SDM Vol. 1, 3.4.3")
  }
  public static var ripInUserHalf: Rule { Rule(10, "RIP-in-user-half", .security, .t0, "SDM Vol. 3A, 4.6.1") }
  public static var rspImageUser: Rule { Rule(11, "RSP-image-user", .security, .t0, "SDM Vol. 1, 3.3.7.1") }
  public static var rflagsImagePolicy: Rule {
    Rule(12, "RFLAGS-image-policy", .fatal, .t0, "SDM Vol. 1, 3.4.3")
  }
  public static var compatibilityReturn: Rule {
    Rule(13, "compat-return-consistent", .hygiene, .t0, "SDM Vol. 2A, IRET")
  }
  public static var userInstructionPage: Rule {
    Rule(14, "user-RIP-page", .hygiene, .t0, "SDM Vol. 3A, 4.6.1")
  }
  public static var userStackPage: Rule { Rule(15, "user-stack-page", .hygiene, .t0, "SDM Vol. 3A, 4.6.1") }
  public static var noKernelPointers: Rule {
    Rule(16, "no-kernel-pointers-in-user-registers", .security, .t0, "SDM Vol. 2A, IRET")
  }
  public static var frameAtExpectedSlot: Rule {
    Rule(17, "frame-at-expected-slot", .hygiene, .t0, "SDM Vol. 3A, 6.14.2")
  }
}
