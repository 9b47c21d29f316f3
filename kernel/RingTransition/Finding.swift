import X86

/// What one rule came to on one machine.
public struct Finding: Sendable {
  public let rule: Rule
  public let verdict: Verdict

  public init(_ rule: Rule, _ verdict: Verdict) {
    self.rule = rule
    self.verdict = verdict
  }

  public var isHeld: Bool { if case .held = verdict { true } else { false } }
  public var isViolated: Bool { evidence != nil }
  public var isUnknown: Bool { if case .unknown = verdict { true } else { false } }
  public var isSkipped: Bool { if case .skipped = verdict { true } else { false } }

  /// What shows the violation; nil unless the rule is violated.
  public var evidence: Evidence? { if case .violated(let evidence) = verdict { evidence } else { nil } }
}

/// The four answers a rule can give.
public enum Verdict: Sendable {
  case held
  case violated(Evidence)
  /// Not checked, and why: never to be read as "held".
  case unknown(Missing)
  /// The rule says nothing about this kernel or this return, and why.
  case skipped(Inapplicable)
}

/// Why a rule does not apply.
public enum Inapplicable: UInt8, Equatable, Sendable {
  /// Ring 3 cannot execute SYSCALL: EFER.SCE is clear, or the kernel declares that it does not use it.
  case systemCallInstruction
  /// The kernel never executes SWAPGS.
  case swapgs
  /// There is one processor.
  case oneProcessor
  /// Ring 3 runs under the same table as the kernel.
  case pageTableIsolation
  /// The processor does not have the feature.
  case featureAbsent
  /// The feature is switched off.
  case featureOff
  /// The processor's vendor does it otherwise.
  case vendor
  /// The return is made with `sysretq`.
  case systemReturn
  /// The return is made with `iretq`.
  case interruptReturn
  /// The caller gives the frame, and there is no return instruction yet.
  case frameGiven
  /// No return instruction stands at RIP: the machine is somewhere else in the kernel, or in Ring 3.
  case notAtReturn
  /// The frame returns inside the kernel.
  case kernelReturn
  /// The page is not there yet, which demand paging and copy-on-write make legal.
  case demandPaging
  /// The rule compares with what the kernel declares, and it declares nothing.
  case notDeclared
  /// The kernel declares that it does this on purpose.
  case declared
  /// No segment of Ring 3 runs in compatibility mode.
  case compatibilityMode
  /// A debugger owns the debug registers.
  case debugger
  /// The audit was asked for fewer tiers.
  case scope
}

/// What would have been needed to check a rule.
public enum Missing: UInt8, Equatable, Sendable {
  case taskRegister
  case globalTable
  case interruptTable
  case localTable
  case taskStateSegment
  case returnFrame
  case descriptor
  case gate
  case codeBytes
  case memory
  case currentThread
  case stackSize
  /// The processor is not in long mode, so the rule has no meaning.
  case longMode
  /// RSP0 names no stack, or one that is not wholly mapped, so there is nothing to check.
  case kernelStack
  /// Which slot the kernel returns from was not declared.
  case frameSlot
  /// The registers with which Ring 3 last entered: without them a kernel address in a register may be Ring 3's own.
  case entryRegisters
  /// IA32_PKRS: supervisor protection keys are on, and they may forbid what the tables allow.
  case protectionKeys
  /// Events are delivered by means the model does not know: FRED or supervisor shadow stacks.
  case eventDelivery
  /// A model-specific register that the source of the registers does not give.
  case modelSpecificRegister
  case debugRegisters
  /// CPUID: whether the processor has what is switched off.
  case processorFeatures
  case processorVendor
  /// The bases of FS and GS.
  case segmentBases
  case taskPriority
  /// Whether the kernel executes SWAPGS on the way in and out.
  case swapgs
  /// Whether the kernel enters under a table of its own.
  case pageTableIsolation
  /// Whether the code behind a gate can be interrupted at its first instruction.
  case entryCode
  case systemCallStack
  case lockDepth
  case interruptController
  case otherProcessors
  /// Of a processor that is halted or in Ring 3: it cannot be made to read them.
  case otherProcessorsRegisters
  /// Whether the current process owns the local descriptor table.
  case localTableOwner
  /// Whether an NMI handler is active: the processor does not tell.
  case nonMaskableState
  /// Which physical addresses are memory.
  case memoryMap
  /// The table that all others should agree with.
  case referenceTable
  case currentRoot
  /// Which address spaces are in use beside this one.
  case addressSpaces
  /// There are more page tables than room to remember them.
  case tableRoom
}

/// Where findings go, one by one, as they are made: the kernel prints, kdbg collects.
public protocol FindingSink: ~Copyable {
  mutating func record(_ finding: Finding)
}
