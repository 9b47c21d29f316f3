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
    case .conforming: write("conforming, so the handler runs in Ring 3")
    case .foreignGate: write("Ring 3 may use it")
    case .nullDescriptorUsed: write("descriptor 0 is not zero")
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
    case .kernelStack: write("a kernel stack")
    case .perProcessorBlock: write("a processor's own data")
    }
  }
}
