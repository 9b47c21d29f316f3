extension InjectedFault {
  /// The kernel's own mistakes, mappings that give away too much, other processors, and state left over.
  var kernelFault: FaultDescription {
    switch self {
    case .pageFaultRecursion:
      .init(61, "pf-recurse", "#PF's handler touches the address that faulted", act: .load, at: .firstEntry)
    case .stackOverflow:
      .init(62, "stack-overflow", "the handler calls itself without end", at: .firstEntry)
    case .rootZero: .init(63, "cr3-zero", "the handler loads CR3 with an empty table", at: .firstEntry)
    case .kernelPageUser: .init(66, "kernel-page-user", "a page of the kernel's constants is a user page")
    case .kernelWritableText: .init(66, "kernel-wx", "a page of the kernel's text is writable")
    case .tableUser: .init(66, "pt-user", "a page table of the process is mapped in its user half")
    case .stackAlias: .init(66, "alias-stack-user", "the stack's top page is mapped in the user half too")
    case .rootDiverged:
      .init(67, "pml4-diverged", "PML4[256], the physical window, names another table than the kernel's own")
    case .processorsShareTask:
      .init(71, "smp-same-tss", "the second processor loads the first one's TSS", at: .boot)
    case .processorsShareStack:
      .init(71, "smp-same-rsp0", "the second processor's TSS.RSP0 is the first one's", at: .boot)
    case .processorWithoutNoExecute:
      .init(71, "smp-ap-no-nxe", "the second processor runs with EFER.NXE=0", at: .boot)
    case .taskPriority:
      .init(72, "cr8-15", "the task priority is 15: no interrupt of the local APIC comes", act: .irq)
    default: .init(73, "dr-kernel", "DR0 holds gate 0x80's handler, and DR7 enables it")
    }
  }
}
