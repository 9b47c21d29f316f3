/// Group D: GDT, LDT, IDT, gates and handlers, under the tables that Ring 3 will use.
extension Rule {
  public static var globalTableMapped: Rule { Rule(60, "GDT-mapped", .fatal, .t0, "SDM Vol. 3A, 3.5.1") }
  public static var globalTableAccessedBits: Rule {
    Rule(61, "GDT-writable-or-A-bits-set", .fatal, .t0, "SDM Vol. 3A, 3.4.5.1")
  }
  public static var kernelCodeDescriptor: Rule {
    Rule(62, "kernel-CS-descriptor", .fatal, .t0, "SDM Vol. 3A, 6.12.1, 6.14")
  }
  public static var interruptTableLimit: Rule { Rule(63, "IDT-limit", .fatal, .t0, "SDM Vol. 3A, 6.10") }
  public static var interruptTableMapped: Rule { Rule(64, "IDT-mapped", .fatal, .t0, "SDM Vol. 3A, 6.10") }
  public static var gatePresentAndType: Rule {
    Rule(65, "gate-present-and-type", .fatal, .t0, "SDM Vol. 3A, 6.11, 6.14.1")
  }
  public static var gateReservedBits: Rule {
    Rule(66, "gate-reserved-zero", .hygiene, .t1, "SDM Vol. 3A, 6.14.1")
  }
  public static var gatePrivilege: Rule { Rule(67, "gate-DPL-policy", .fatal, .t0, "SDM Vol. 3A, 6.12.1.1") }
  public static var gateKind: Rule { Rule(68, "gate-kind", .security, .t1, "SDM Vol. 3A, 6.12.1.3") }
  public static var gateOffsetCanonical: Rule {
    Rule(69, "gate-offset-canonical", .fatal, .t0, "SDM Vol. 3A, 6.14.1")
  }
  public static var handlerPageExecutable: Rule {
    Rule(70, "handler-page-executable", .fatal, .t0, "SDM Vol. 3A, 4.6.1")
  }
  public static var handlerPageReadOnly: Rule {
    Rule(71, "handler-page-supervisor-and-read-only", .security, .t1, "SDM Vol. 3A, 4.6.1")
  }
  public static var handlerInKernelText: Rule {
    Rule(72, "handler-in-kernel-text", .security, .t1, "SDM Vol. 3A, 6.14.1")
  }
  public static var entryDataMapped: Rule { Rule(73, "entry-data-mapped", .fatal, .t0, "SDM Vol. 3A, 4.6.1") }
  public static var controllerVectors: Rule {
    Rule(74, "PIC/APIC-vectors-off-exceptions", .fatal, .t3, "SDM Vol. 3A, 6.2")
  }
  public static var unusedVectors: Rule {
    Rule(75, "spurious-and-unused-vectors", .hygiene, .t1, "SDM Vol. 3A, 6.11, 10.9")
  }
  public static var localTableSane: Rule { Rule(80, "LDTR-sane", .hygiene, .t1, "SDM Vol. 3A, 2.4.2, 3.5.1") }
  public static var localSelectors: Rule {
    Rule(81, "LDT-selectors", .security, .t0, "SDM Vol. 3A, 3.4.2, 3.5.1")
  }
  public static var tablesNotUserAccessible: Rule {
    Rule(82, "tables-not-user-accessible", .security, .t0, "SDM Vol. 3A, 4.6.1")
  }
  public static var tablesReadOnly: Rule {
    Rule(83, "tables-read-only-alias", .hygiene, .t1, "SDM Vol. 3A, 4.6.1")
  }
  public static var noForeignGates: Rule {
    Rule(84, "no-foreign-gates", .security, .t1, "SDM Vol. 3A, 3.5, 5.8.3")
  }
  public static var systemReturnDescriptors: Rule {
    Rule(85, "sysret-GDT-layout", .fatal, .t1, "SDM Vol. 3A, 5.8.8")
  }
}
