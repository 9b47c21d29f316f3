extension InjectedFault {
  /// TSS, GDT and IDT, and the pages that they lie on.
  var tableFault: FaultDescription {
    switch self {
    case .tssLimit10: .init(21, "tss-limit10", "the TSS's limit is 10: RSP0 is beyond it")
    case .tssLimit42: .init(22, "tss-limit42", "the TSS's limit is 42: every IST is beyond it", act: .int3)
    case .tssLimit42PTE:
      .init(22, "tss-limit42+rsp0-pte", "no top page of the stack, and every IST is beyond the TSS's limit")
    case .tssUnmapped: .init(23, "tss-unmapped", "the process's table does not map the TSS")
    case .noTaskRegister: .init(24, "no-ltr", "LTR was never executed", at: .boot)
    case .nullTaskRegister: .init(25, "ltr-null", "LTR with a null selector, which is #GP on a processor")
    case .idtUnmapped: .init(26, "idt-unmapped", "the process's table does not map the IDT")
    case .idtPage2Unmapped:
      .init(27, "idt-page2-unmapped", "an IDT on two pages, of which the one with gate 0x80 is not mapped")
    case .idtLimit: .init(28, "idt-limit", "the IDT's limit is 0x7ff: gate 0x80 is the first beyond it")
    case .gdtUnmapped: .init(29, "gdt-unmapped", "the process's table does not map the GDT")
    case .gdtKernelCodeNotAccessed:
      .init(30, "gdt-ro-a0", "the kernel's code descriptor is not accessed, in a GDT that is read-only")
    case .gdtUserCodeNotAccessed:
      .init(31, "gdt-ro-user-a0", "Ring 3's code descriptor is not accessed, in a GDT that is read-only")
    case .gdtUserStackNotAccessed:
      .init(31, "gdt-ro-user-a0-ss", "Ring 3's data descriptor is not accessed, in a GDT that is read-only")
    case .idtUser:
      .init(74, "idt-user", "an IDT on two pages, of which the one with gate 0x80 is a user page")
    case .gdtUser: .init(74, "gdt-user", "the GDT's page is a user page")
    case .tssUser: .init(74, "tss-user", "the TSS's page is a user page")
    default:
      .init(70, "iopb-open", "an I/O permission bitmap inside the TSS's limit that opens ports", act: .out)
    }
  }
}
