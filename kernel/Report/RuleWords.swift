import RingTransition
import X86

extension TextSink {
  /// `RT-026`.
  public mutating func writeIdentifier(_ rule: Rule) {
    write("RT-")
    if rule.number < 100 { write("0") }
    if rule.number < 10 { write("0") }
    write(decimal: UInt64(rule.number))
  }

  public mutating func write(_ severity: Severity) {
    switch severity {
    case .fatal: write("fatal")
    case .security: write("security")
    case .hygiene: write("hygiene")
    }
  }

  /// What a value belongs to, as it stands in a sentence.
  public mutating func write(_ subject: Subject) {
    switch subject {
    case .rsp0: write("RSP0")
    case .interruptStack1: write("IST1")
    case .interruptStack2: write("IST2")
    case .interruptStack3: write("IST3")
    case .interruptStack4: write("IST4")
    case .interruptStack5: write("IST5")
    case .interruptStack6: write("IST6")
    case .interruptStack7: write("IST7")
    case .taskRegisterSelector: write("TR")
    case .taskRegisterBase: write("the TSS base")
    case .taskRegisterLimit: write("the TSS limit")
    case .taskRegisterType: write("TR's hidden attributes")
    case .globalTableBase: write("the GDT base")
    case .interruptTableBase: write("the IDT base")
    case .interruptTableLimit: write("the IDT limit")
    case .frameAddress: write("the frame's end")
    case .frameRIP: write("frame RIP")
    case .frameCS: write("frame CS")
    case .frameRFlags: write("frame RFLAGS")
    case .frameRSP: write("frame RSP")
    case .frameSS: write("frame SS")
    case .currentRFlags: write("RFLAGS")
    case .opcode: write("the opcode at RIP")
    case .stackFrame: write("the stack")
    case .otherStack: write("another stack")
    case .gateOffset: write("the gate's offset")
    default: writeRegisterName(subject)
    }
  }

  private mutating func writeRegisterName(_ subject: Subject) {
    switch subject {
    case .rax: write("RAX")
    case .rbx: write("RBX")
    case .rcx: write("RCX")
    case .rdx: write("RDX")
    case .rsi: write("RSI")
    case .rdi: write("RDI")
    case .rbp: write("RBP")
    case .rsp: write("RSP")
    case .r8: write("R8")
    case .r9: write("R9")
    case .r10: write("R10")
    case .r11: write("R11")
    case .r12: write("R12")
    case .r13: write("R13")
    case .r14: write("R14")
    case .r15: write("R15")
    case .ds: write("DS")
    case .es: write("ES")
    case .fs: write("FS")
    case .gs: write("GS")
    default: write("a register")
    }
  }

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
    case .userPage: write("the page is not there yet, which demand paging makes legal")
    case .protectionKeys: write("IA32_PKRS is not known")
    case .eventDelivery: write("events are delivered by FRED or with shadow stacks")
    }
  }

  /// Why a descriptor cannot serve.
  public mutating func write(_ problem: DescriptorProblem) {
    switch problem {
    case .nullSelector: write("the selector is null")
    case .requestedPrivilege: write("the selector's RPL is wrong")
    case .beyondLimit: write("the selector is beyond the table's limit")
    case .noLocalTable: write("no LDT is loaded")
    case .notCode: write("not a code segment")
    case .notWritableData: write("not a writable data segment")
    case .privilege: write("the DPL is wrong")
    case .notPresent: write("not present")
    case .operandSize: write("L and D do not name a 64-bit segment")
    case .accessedBitNotWritable: write("A is clear and the table is read-only")
    case .compatibilityRange: write("RIP or RSP does not fit the compatibility-mode segment")
    case .notBusyTaskState: write("not a busy 64-bit TSS")
    }
  }

  /// What a frame under the kernel stack is used for besides.
  public mutating func write(_ use: FrameUse) {
    switch use {
    case .zeroFrame: write("frame 0")
    case .outsideMemory: write("outside memory")
    case .pageTable: write("a page table of the same CR3")
    case .globalTable: write("the GDT")
    case .interruptTable: write("the IDT")
    case .taskStateSegment: write("the TSS")
    case .kernelText: write("kernel code")
    case .sameStack: write("another page of the same stack")
    case .interruptStack: write("an IST stack")
    }
  }
}
