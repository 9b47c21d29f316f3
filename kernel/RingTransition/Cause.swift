/// Why an entry to Ring 0, or a return from it, failed. Each cause is one row of the diagnosis catalogue
/// (DX-01...), whose identifiers are part of kdbg's interface like the rules' numbers.
public enum Cause: UInt8, Equatable, Sendable {
  /// A page of the stack under RSP0 is not mapped in the live tables.
  case stackUnmapped
  case stackReadOnly
  /// The stack is a user page and SMAP is on.
  case stackUserAccessible
  /// An entry on the stack's path has reserved bits set.
  case stackReservedBits
  /// RSP0, or the gate's IST word, is 0.
  case stackPointerZero
  case stackPointerNonCanonical
  /// RSP0 is mapped and leaves no room for the frame.
  case stackTooShort
  /// The page of one gate is not mapped.
  case interruptTableUnmapped
  /// IDT, GDT or TSS is not mapped, so that nothing can be delivered.
  case tablesUnmapped
  case handlerUnmapped
  case handlerNotExecutable
  /// The handler is on a user page and SMEP is on.
  case handlerOnUserPage
  /// The kernel ran down into the page below its stack.
  case stackOverflow
  /// A handler faults at the same instruction again and again.
  case recursiveFault
  /// The top of the kernel stack is mapped and the rest is not.
  case stackPartlyMapped
  /// `iretq` could not load CS or SS.
  case returnSelector
  /// `iretq` refused NT, a null selector or a non-canonical RIP.
  case returnState
  /// The frame of `iretq` could not be read.
  case returnFrameUnreadable
  /// The gate is absent, of the wrong type, beyond the limit, or not for this privilege.
  case gateUnusable
  /// An interrupt of a controller that still uses the exceptions' vectors.
  case controllerNotRemapped
  /// A vector with an error code was entered without one.
  case errorCodeMissing
  case taskStateLimit
  case taskRegisterNotLoaded
  /// The gate's segment is of Ring 3 or conforming: entered without a change of privilege.
  case gateEntersRingThree
  case codeDescriptorUnusable
  /// An ordinary page fault met a #PF gate that cannot deliver it.
  case pageFaultGateUnusable
  /// An ordinary exception met a gate that cannot deliver it.
  case exceptionGateUnusable
  /// An interrupt arrived while the stack under RSP0 was not usable.
  case interruptOnUnmappedStack
  case interruptStackUnmapped
  /// The tables in CR3 do not map the kernel that runs on them.
  case tablesLackKernel
  case accessedBitNotWritable
  /// `iretq` failed after SWAPGS, and its handler runs on Ring 3's GS base.
  case returnFaultWithUserBase
  /// `sysretq` refused a non-canonical RCX.
  case systemReturnAddress
  /// The code at LSTAR cannot be fetched.
  case systemCallTarget
  /// The kernel runs on Ring 3's GS base: a SWAPGS too few or too many.
  case swapgsImbalance
  /// STAR without RPL bits: an interrupt saved an SS that `iretq` cannot load.
  case systemCallSelectors
  /// #DB at the first instruction of an entry.
  case trapOnEntry
  /// Ring 3 runs and no interrupt can come.
  case interruptsMasked
  /// What is not mapped now was mapped when the last return was audited.
  case mappingRemoved
  /// The stack of #DF serves something else as well.
  case doubleFaultStackShared
  /// `syscall` in Ring 3 while EFER.SCE is clear.
  case systemCallDisabled
  /// An exception that Ring 3 raised and that arrived as it should.
  case ringThreeException
  /// An exception in Ring 0 outside entry and exit.
  case kernelException
  /// The registers are those after reset: what happened before is gone.
  case machineReset
  /// Nothing that is in memory now explains the stop.
  case unexplained

  /// The row of the catalogue; nil where there is none.
  public var identifier: StaticString? {
    switch self {
    case .stackUnmapped: "DX-01"
    case .stackReadOnly: "DX-02"
    case .stackUserAccessible: "DX-03"
    case .stackReservedBits: "DX-04"
    case .stackPointerZero: "DX-05"
    case .stackPointerNonCanonical: "DX-06"
    case .stackTooShort: "DX-07"
    case .interruptTableUnmapped: "DX-08"
    case .tablesUnmapped: "DX-08b"
    case .handlerUnmapped: "DX-09"
    case .handlerNotExecutable: "DX-10"
    case .handlerOnUserPage: "DX-11"
    case .stackOverflow: "DX-12"
    case .recursiveFault: "DX-13"
    case .stackPartlyMapped: "DX-14"
    case .returnSelector: "DX-15"
    case .returnState: "DX-16"
    case .gateUnusable: "DX-17"
    case .controllerNotRemapped: "DX-18"
    case .errorCodeMissing: "DX-19"
    case .taskStateLimit: "DX-25"
    case .taskRegisterNotLoaded: "DX-26"
    case .gateEntersRingThree: "DX-27"
    case .codeDescriptorUnusable: "DX-28"
    case .pageFaultGateUnusable: "DX-29"
    case .exceptionGateUnusable: "DX-30"
    case .interruptOnUnmappedStack: "DX-31"
    case .interruptStackUnmapped: "DX-32"
    case .tablesLackKernel: "DX-33"
    case .accessedBitNotWritable: "DX-37"
    case .returnFaultWithUserBase: "DX-20"
    case .systemReturnAddress: "DX-21"
    case .systemCallTarget: "DX-22"
    case .swapgsImbalance: "DX-23"
    case .systemCallSelectors: "DX-24"
    case .trapOnEntry: "DX-34"
    case .interruptsMasked: "DX-35"
    case .mappingRemoved: "DX-36"
    case .doubleFaultStackShared: "DX-38"
    case .systemCallDisabled, .returnFrameUnreadable, .ringThreeException, .kernelException, .machineReset,
      .unexplained:
      nil
    }
  }
}

extension Cause {
  /// The rule that would have shown it before the return; nil where no rule is broken. A diagnosis may name a closer
  /// one.
  public var rule: Rule? {
    switch self {
    case .stackUnmapped, .stackReadOnly, .stackUserAccessible, .stackTooShort, .interruptOnUnmappedStack:
      .rsp0FramePagesWritable
    case .stackReservedBits: .noReservedBits
    case .stackPointerZero: .rsp0Initialised
    case .stackPointerNonCanonical: .rsp0Canonical
    case .interruptTableUnmapped, .tablesUnmapped: .interruptTableMapped
    case .handlerUnmapped, .handlerNotExecutable, .handlerOnUserPage: .handlerPageExecutable
    case .stackOverflow: .guardBelowStack
    case .recursiveFault: .entryDataMapped
    case .stackPartlyMapped: .handlerHeadroom
    case .returnSelector: .codeDescriptorValid
    case .returnState: .ripCanonical
    case .returnFrameUnreadable: .frameReadable
    case .gateUnusable, .pageFaultGateUnusable, .exceptionGateUnusable: .gatePresentAndType
    case .controllerNotRemapped: .controllerVectors
    case .errorCodeMissing: .gatePrivilege
    case .taskStateLimit: .taskStateLimit
    case .taskRegisterNotLoaded: .taskRegisterLoaded
    case .gateEntersRingThree, .codeDescriptorUnusable: .kernelCodeDescriptor
    case .interruptStackUnmapped: .interruptStackUsable
    case .tablesLackKernel: .rootTableSane
    case .accessedBitNotWritable: .globalTableAccessedBits
    case .returnFaultWithUserBase, .swapgsImbalance: .swapgsBalance
    case .systemReturnAddress: .systemReturnAddress
    case .systemCallTarget: .systemCallTarget
    case .systemCallSelectors: .systemCallSelectors
    case .trapOnEntry: .systemCallMask
    case .interruptsMasked: .rflagsImagePolicy
    case .mappingRemoved: .staleTranslation
    case .doubleFaultStackShared: .interruptStacksDistinct
    case .systemCallDisabled: .systemCallEnabled
    case .ringThreeException, .kernelException, .machineReset, .unexplained: nil
    }
  }
}
