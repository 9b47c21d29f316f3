import RingTransition
import X86

extension TextSink {
  /// The cause in one sentence, without its end.
  public mutating func write(_ cause: Cause) {
    switch cause {
    case .stackUnmapped: write("the kernel stack under RSP0 is not mapped in the live CR3")
    case .stackReadOnly: write("the kernel stack under RSP0 is mapped read-only")
    case .stackUserAccessible: write("the kernel stack is a user page and SMAP is on")
    case .stackReservedBits: write("an entry on the kernel stack's path has reserved bits set")
    case .stackPointerZero: write("the stack pointer in the TSS is 0")
    case .stackPointerNonCanonical: write("the stack pointer in the TSS is not canonical")
    case .stackTooShort: write("RSP0 leaves no room: the frame runs below the mapped stack")
    case .interruptTableUnmapped: write("the page of the IDT that holds this gate is not mapped")
    case .tablesUnmapped: write("the IDT, the GDT or the TSS is not mapped in the live CR3")
    case .handlerUnmapped: write("the handler's code is not mapped in the live CR3")
    case .handlerNotExecutable: write("the handler's page is no-execute")
    case .handlerOnUserPage: write("the handler is on a user page and SMEP is on")
    case .stackOverflow: write("the kernel stack overflowed into the page below it")
    case .recursiveFault: write("a handler faults at the same instruction again and again")
    case .stackPartlyMapped: write("the top of the kernel stack is mapped and the rest is not")
    case .returnSelector: write("iretq cannot load CS or SS from its frame")
    case .returnState: write("iretq refuses NT, a null selector or a non-canonical RIP")
    case .returnFrameUnreadable: write("the frame of iretq cannot be read")
    case .gateUnusable: write("the gate cannot deliver its vector")
    case .controllerNotRemapped: write("an interrupt controller still uses the exceptions' vectors")
    case .errorCodeMissing: write("a vector with an error code was entered by int n, which pushes none")
    case .taskStateLimit: write("the TSS limit is too small for the stack pointer that is needed")
    case .taskRegisterNotLoaded: write("LTR was never executed on this processor")
    case .gateEntersRingThree: write("the gate's segment is of Ring 3 or conforming")
    case .codeDescriptorUnusable: write("the gate's selector names no usable kernel code segment")
    case .pageFaultGateUnusable: write("a page fault of Ring 3 met a #PF gate that cannot deliver it")
    case .exceptionGateUnusable: write("an exception of Ring 3 met a gate that cannot deliver it")
    case .interruptOnUnmappedStack: write("an interrupt arrived while the stack under RSP0 was unmapped")
    case .interruptStackUnmapped: write("the IST stack of the vector is not mapped in the live CR3")
    case .tablesLackKernel: write("the tables in CR3 do not map the kernel code that runs")
    case .accessedBitNotWritable: write("a descriptor needs its accessed bit set in a read-only GDT")
    case .returnFaultWithUserBase:
      write("a return faulted after swapgs, and its handler runs on Ring 3's GS base")
    case .systemReturnAddress: write("sysretq was given a return address that is not canonical")
    case .systemCallTarget: write("the code at LSTAR cannot be fetched in the live CR3")
    case .swapgsImbalance: write("the kernel runs on Ring 3's GS base")
    case .systemCallSelectors:
      write("STAR holds no RPL, so that SS was saved with RPL 0 and iretq refuses it")
    case .trapOnEntry: write("a debug trap came at the first instruction of an entry")
    case .interruptsMasked:
      write("Ring 3 runs with interrupts masked, and nothing can take the processor back")
    case .mappingRemoved:
      write("the mapping was there when the last return was audited, and was removed since")
    case .doubleFaultStackShared: write("the stack of #DF serves something else as well")
    case .systemCallDisabled: write("Ring 3 executed syscall while EFER.SCE is clear")
    case .ringThreeException: write("an event from Ring 3 arrived as it should")
    case .kernelException: write("an exception in Ring 0, outside entry and return")
    case .machineReset: write("the machine was reset; what happened before is gone")
    case .unexplained: write("nothing that is in memory now explains this stop")
    }
  }

  /// What to do about it, in one sentence without its end; nothing where there is nothing to advise.
  public mutating func writeFix(for cause: Cause) {
    switch cause {
    case .stackUnmapped:
      write("map the stack's pages into this table before it is loaded, in creation, fork and exec")
    case .interruptOnUnmappedStack:
      write("map the stack's pages into this table before it is loaded; the interrupt still needs its EOI")
    case .stackReadOnly: write("set R/W in the entries of every level")
    case .stackUserAccessible: write("map the kernel stack supervisor")
    case .stackReservedBits: write("correct the entry, or set EFER.NXE on this processor")
    case .stackPointerZero: write("write RSP0 and the IST words before the first entry to Ring 3")
    case .stackPointerNonCanonical: write("check the TSS layout: RSP0 is the qword at offset 4")
    case .stackTooShort: write("RSP0 is the top of the stack, not its base")
    case .interruptTableUnmapped, .tablesUnmapped: write("map IDT, GDT and TSS in every table")
    case .handlerUnmapped: write("map the kernel's code in every table")
    case .handlerNotExecutable: write("clear no-execute for the kernel's code at every level")
    case .handlerOnUserPage: write("correct the gate's offset, or map the handler supervisor")
    case .stackOverflow: write("use a bigger stack or less recursion, and keep the guard page")
    case .recursiveFault: write("correct the oldest fault of the series")
    case .stackPartlyMapped: write("map all pages of the stack")
    case .returnSelector: write("correct the selector or the GDT; the RPL belongs into the selector")
    case .returnState: write("clear NT on entry, and check what goes into the frame")
    case .returnFrameUnreadable: write("check RSP before iretq")
    case .gateUnusable: write("fill the gate: type 0xe, present, DPL 3 only for what Ring 3 may call")
    case .controllerNotRemapped: write("remap the controller to vectors from 0x20 on, or mask it")
    case .errorCodeMissing: write("set the gate's DPL to 0")
    case .taskStateLimit: write("set the TSS limit to 0x67 or more")
    case .taskRegisterNotLoaded: write("execute LTR on every processor")
    case .gateEntersRingThree: write("put the kernel's code selector into the gate")
    case .codeDescriptorUnusable: write("correct the gate's selector or the GDT")
    case .pageFaultGateUnusable: write("install the #PF gate")
    case .exceptionGateUnusable: write("install the gates of all exceptions")
    case .interruptStackUnmapped: write("map the IST stacks in every table")
    case .tablesLackKernel: write("complete the table before loading it into CR3")
    case .accessedBitNotWritable: write("set the accessed bits when the GDT is built")
    case .returnFaultWithUserBase:
      write("let the fault entry recognise the address of the return and execute swapgs")
    case .systemReturnAddress:
      write("check RCX before sysretq, and return with iretq where it is not canonical")
    case .systemCallTarget: write("program LSTAR on every processor, and map the entry code in every table")
    case .swapgsImbalance:
      write(
        "execute swapgs once on every way in from Ring 3 and once on every way out, and set KERNEL_GS_BASE on every processor"
      )
    case .systemCallSelectors: write("set bits 49:48 of STAR")
    case .trapOnEntry:
      write("put TF into SFMASK, refuse breakpoints on kernel addresses, and give #DB an IST stack")
    case .interruptsMasked: write("return with IF=1 in the frame and with task priority 0")
    case .mappingRemoved:
      write(
        "look for the unmap or the freed table: invalidate every processor's TLB before, and keep live tables"
      )
    case .doubleFaultStackShared: write("give #DF an IST slot and a stack of its own on every processor")
    case .systemCallDisabled: write("set EFER.SCE on every processor, or let Ring 3 use the declared int n")
    case .ringThreeException: break
    case .kernelException: write("look at the instruction at RIP and at what it accesses")
    case .machineReset: write("start QEMU with -no-reboot -no-shutdown, so that the state is kept")
    case .unexplained: write("stop before the return with check, while what is wrong can still be seen")
    }
  }

  public mutating func write(_ confidence: Confidence) {
    switch confidence {
    case .proven: write("proven by replay")
    case .signature: write("signature match")
    case .guess: write("guess")
    }
  }
}
