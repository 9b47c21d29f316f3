import RingTransition

extension TextSink {
  /// What would have been needed to check a rule.
  public mutating func write(_ missing: Missing) {
    switch missing {
    case .taskRegister: write("TR is not known or not loaded")
    case .globalTable: write("GDTR is not known")
    case .interruptTable: write("IDTR is not known")
    case .localTable: write("LDTR is not known")
    case .taskStateSegment: write("the TSS cannot be read")
    case .returnFrame: write("the return frame cannot be read")
    case .descriptor: write("a descriptor cannot be read")
    case .gate: write("a gate cannot be read")
    case .codeBytes: write("the code at RIP cannot be read")
    case .memory: write("a page table is outside the memory that can be read")
    case .currentThread: write("the current thread's stack is not known")
    case .stackSize: write("the stack's size is not known")
    case .longMode: write("the processor is not in long mode")
    case .kernelStack: write("RSP0 names no mapped stack")
    case .frameSlot: write("the slot of the return frame is not declared")
    case .entryRegisters: write("a kernel address may be Ring 3's own: its registers at entry are not known")
    case .protectionKeys: write("IA32_PKRS is not known")
    case .eventDelivery: write("events are delivered by FRED or with shadow stacks")
    case .modelSpecificRegister: write("a model-specific register is not known")
    case .debugRegisters: write("the debug registers are not known")
    case .processorFeatures: write("whether the processor has it is not known")
    case .processorVendor: write("the processor's vendor is not known")
    case .segmentBases: write("the bases of FS and GS are not known")
    case .taskPriority: write("CR8 is not known")
    case .swapgs: write("whether the kernel executes swapgs is not known")
    case .pageTableIsolation: write("whether entries begin under a table of their own is not known")
    case .entryCode: write("whether the entry code may be interrupted is not known")
    case .systemCallStack: write("where SYSCALL finds its stack is not known")
    case .lockDepth: write("the number of locks held is not known")
    case .interruptController: write("the interrupt controller's vectors cannot be read")
    case .otherProcessors: write("the other processors' stacks are not known")
    case .localTableOwner: write("whether the process owns the LDT is not known")
    case .nonMaskableState: write("whether an NMI handler is active is not known")
    case .memoryMap: write("which addresses are memory is not known")
    case .referenceTable: write("no table to compare with is known")
    case .currentRoot: write("the current process's table is not known")
    case .otherProcessorsRegisters:
      write("a processor that is halted or in Ring 3 cannot be asked for its model-specific registers")
    case .addressSpaces: write("which address spaces share the PCID is not known")
    case .tableRoom: write("there are more page tables than room to remember them")
    }
  }

  /// Why a rule does not apply.
  public mutating func write(_ reason: Inapplicable) {
    switch reason {
    case .systemCallInstruction: write("Ring 3 cannot execute SYSCALL")
    case .swapgs: write("the kernel does not execute swapgs")
    case .oneProcessor: write("there is one processor")
    case .pageTableIsolation: write("entries begin under the kernel's own table")
    case .featureAbsent: write("the processor does not have it")
    case .featureOff: write("the feature is off")
    case .vendor: write("this vendor's processors do it otherwise")
    case .systemReturn: write("the return is a sysretq")
    case .interruptReturn: write("the return is an iretq")
    case .frameGiven: write("there is no return instruction yet")
    case .notAtReturn: write("no return instruction stands here")
    case .kernelReturn: write("the return stays in the kernel")
    case .demandPaging: write("the page is not there yet, which demand paging makes legal")
    case .notDeclared: write("the kernel declares nothing to compare with")
    case .declared: write("the kernel declares that it does this on purpose")
    case .compatibilityMode: write("Ring 3 has no compatibility-mode segment")
    case .debugger: write("a debugger owns the debug registers")
    case .scope: write("not asked for")
    }
  }
}
