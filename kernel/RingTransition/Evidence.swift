import X86

/// The values that show a violation; the words are made elsewhere.
public enum Evidence: Sendable {
  /// A linear access that the tables refuse, and what the processor would raise.
  case access(PageWalk, PageAccess, AccessResult)
  /// A register or field with a value it must not have.
  case value(Subject, UInt64)
  /// A register or field that should have had another value; a limit that should have been at least that.
  case mismatch(Subject, actual: UInt64, expected: UInt64)
  /// A register or field in which the bits of `wrong` are set and must be clear, or the other way round.
  case bits(Subject, UInt64, wrong: UInt64)
  /// An address that lies outside the stack it belongs to.
  case outside(Subject, UInt64, StackInterval)
  /// Two stacks that share addresses: the kernel stack under RSP0 first.
  case overlap(StackInterval, Subject, StackInterval)
  /// Two stacks that share addresses and that both have a name.
  case stacksOverlap(Subject, StackInterval, Subject, StackInterval)
  /// Two vectors that can interrupt one another's handlers and start on the same IST slot.
  case sharedSlot(UInt8, UInt8, slot: UInt8)
  /// A page of the kernel stack whose frame serves something else as well.
  case sharedFrame(PageWalk, FrameUse)
  /// A descriptor that cannot serve the selector that names it; nil when the selector reaches none.
  case descriptor(SegmentSelector, SegmentDescriptor?, DescriptorProblem)
  /// A gate that cannot deliver its vector.
  case gate(vector: UInt8, GateDescriptor)
  /// A translation that works and must not: its rights are the finding.
  case rights(PageWalk)
  /// An entry of the root table, the slot, and what the table to compare with has there.
  case rootEntry(slot: UInt16, PageTableEntry, expected: PageTableEntry)
  /// Two processors that share what each needs for itself.
  case shared(UInt8, UInt8, Subject, UInt64)
  /// Two processors that differ where they must not.
  case differs(UInt8, Subject, UInt64, UInt8, UInt64)
  /// Stacks of two processors that share memory.
  case processorStacks(UInt8, Subject, StackInterval, UInt8, Subject, StackInterval)
  /// Two address spaces with one PCID: CR3 as it is loaded, and as it is elsewhere.
  case sharedContext(CR3, CR3)
  /// An entry that was more permissive when it was last looked at.
  case narrowed(PhysicalAddress, PageTableEntry, before: PageTableEntry)
}

/// The thing a value belongs to.
public enum Subject: UInt8, Equatable, Sendable {
  case rsp0
  case interruptStack1, interruptStack2, interruptStack3, interruptStack4
  case interruptStack5, interruptStack6, interruptStack7
  case taskRegisterSelector
  case taskRegisterBase
  case taskRegisterLimit
  case taskRegisterType
  case globalTableBase
  case interruptTableBase
  case interruptTableLimit
  case frameAddress
  case frameRIP
  case frameCS
  case frameRFlags
  case frameRSP
  case frameSS
  case currentRFlags
  case opcode
  case rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp
  case r8, r9, r10, r11, r12, r13, r14, r15
  case ds, es, fs, gs
  case stackFrame
  /// One of the stacks that the caller declared beside the current one.
  case otherStack
  case gateOffset
  case ioPort
  case ringOneStack
  case ringTwoStack
  case taskStateReserved
  case interruptStackFrame
  case localTableSelector
  case localTableBase
  case localTableType
  case interruptControllerBase
  case cr0
  case cr3
  case cr4
  case cr8
  case efer
  case star
  case lstar
  case cstar
  case syscallMask
  case sysenterStack
  case sysenterTarget
  case fsBase
  case gsBase
  case kernelGSBase
  case perProcessorBlock
  case systemCallStack
  case protectionKeys
  case lockDepth
  case debugAddress0
  case debugAddress1
  case debugAddress2
  case debugAddress3
  case sysretRFlags
  case sysretRIP
  case entryMethod
  case stackSegment
  case thread
  case pageTable
  case pageAttributeTable
  case pendingShootdowns

  /// IST`slot`, 1...7.
  static func interruptStack(_ slot: Int) -> Subject {
    Subject(rawValue: interruptStack1.rawValue + UInt8(truncatingIfNeeded: slot & 7) - 1) ?? .interruptStack1
  }

  /// DR0...DR3.
  static func debugAddress(_ number: Int) -> Subject {
    Subject(rawValue: debugAddress0.rawValue + UInt8(truncatingIfNeeded: number & 3)) ?? .debugAddress0
  }

  /// The general register `number`, 0...15 in the order of ``RegisterFile``.
  static func general(_ number: Int) -> Subject {
    Subject(rawValue: rax.rawValue + UInt8(truncatingIfNeeded: number & 15)) ?? .rax
  }
}

/// What the frame under a kernel-stack page is used for besides.
public enum FrameUse: UInt8, Equatable, Sendable {
  /// Frame 0, which nothing hands out: an entry that was never filled in.
  case zeroFrame
  case outsideMemory
  case pageTable
  case globalTable
  case interruptTable
  case taskStateSegment
  case kernelText
  /// Another page of the same stack.
  case sameStack
  /// A page of an IST stack.
  case interruptStack
  /// A page of the stack under RSP0, or of another that the kernel declares.
  case kernelStack
  case perProcessorBlock
}

/// Why a descriptor cannot be loaded where it is named. SDM Vol. 2A, IRET; Vol. 3A, 6.12.1.
public enum DescriptorProblem: UInt8, Equatable, Sendable {
  /// The selector is null where it must not be.
  case nullSelector
  case requestedPrivilege
  case beyondLimit
  /// The selector names the LDT and none is loaded.
  case noLocalTable
  case notCode
  case notWritableData
  case privilege
  case notPresent
  /// L and D/B are both set, or L is clear where 64-bit code is needed.
  case operandSize
  /// A is clear and the page of the descriptor is not writable.
  case accessedBitNotWritable
  /// RIP or RSP does not fit the compatibility-mode segment.
  case compatibilityRange
  /// The descriptor in memory is not a busy 64-bit TSS.
  case notBusyTaskState
  /// Conforming: the processor enters without a change of privilege.
  case conforming
  /// A call gate, or a TSS or LDT descriptor that Ring 3 may name.
  case foreignGate
  /// Descriptor 0 is not zero.
  case nullDescriptorUsed
}
