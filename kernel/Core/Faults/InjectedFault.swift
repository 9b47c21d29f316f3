/// The faults that the kernel can provoke on purpose, most of them right before its first return to Ring 3. What each
/// one is stands in its ``description``; the groups are files of their own.
public enum InjectedFault: UInt8, Equatable, Sendable {
  // The kernel stack: StackFaults.swift
  case rsp0PML4
  case rsp0PDPT
  case rsp0PTE
  case rsp0PTEDoubleFaultStackUnmapped
  case rsp0PTEDoubleFaultStackZero
  case rsp0PTEDoubleFaultStackShared
  case rsp0ReadOnly
  case rsp0ReadOnlyPML4
  case rsp0Reserved
  case rsp0PageSizePML4
  case rsp0NoExecuteDisabled
  case rsp0User
  case rsp0Zero
  case rsp0NonCanonical
  case rsp0EdgeHigh
  case rsp0EdgeLow
  case rsp0Unaligned
  case rsp0UnalignedOdd
  case rsp0Bottom
  case rsp0Stale
  case stackHole
  case stalePTE
  case stalePermission
  case staleGlobal
  case guardMapped
  case leafBeyondRAM
  case tableInHole
  // TSS, GDT and IDT: TableFaults.swift
  case tssLimit10
  case tssLimit42
  case tssLimit42PTE
  case tssUnmapped
  case noTaskRegister
  case nullTaskRegister
  case idtUnmapped
  case idtPage2Unmapped
  case idtLimit
  case gdtUnmapped
  case gdtKernelCodeNotAccessed
  case gdtUserCodeNotAccessed
  case gdtUserStackNotAccessed
  case idtUser
  case gdtUser
  case tssUser
  case ioMapOpen
  // Gates and handlers: GateFaults.swift
  case gateAbsent
  case gatePrivilege
  case gateTypeCall
  case gateTypeTask
  case gateType16Bit
  case gateSelectorNull
  case gateSelectorData
  case gateSelector32Bit
  case gateSelectorAbsent
  case gateSelectorRange
  case gateSelectorLocal
  case gateSelectorUser
  case gateSelectorConforming
  case gateOffsetNonCanonical
  case handlerAbsent
  case handlerNoExecute
  case handlerUser
  case handlerReserved
  case pageFaultGateAbsent
  case protectionGateAbsent
  case opcodeGateAbsent
  case interruptGateAbsent
  case nonMaskableStackUnmapped
  case controllerUnmapped
  case pageFaultGateOpen
  // The frame of the return: FrameFaults.swift
  case returnRIPNonCanonical
  case returnRIPEdge
  case returnCSNull
  case returnCSAbsent
  case returnCSData
  case returnCSRange
  case returnCSRing0
  case returnCSKernel
  case returnCSLongDefault
  case returnSSNull
  case returnSSAbsent
  case returnSSReadOnly
  case returnSSCode
  case returnSSRing0
  case returnSSKernel
  case returnSSRange
  case returnNested
  case returnInterruptsOff
  case returnPorts
  case returnTrap
  case returnNestedImage
  case returnVirtual8086
  case returnReserved
  case returnRSPNonCanonical
  case returnFrameUnmapped
  case returnFrameCrossing
  // SYSCALL and swapgs: SystemCallFaults.swift
  case entryUnmapped
  case entryZero
  case maskZero
  case starRing0
  case systemReturnNonCanonical
  case systemCallDisabled
  case swapMissing
  case swapDouble
  // The kernel's own mistakes, leaks and processors: KernelFaults.swift
  case pageFaultRecursion
  case stackOverflow
  case rootZero
  case kernelPageUser
  case kernelWritableText
  case tableUser
  case stackAlias
  case rootDiverged
  case processorsShareTask
  case processorsShareStack
  case processorWithoutNoExecute
  case taskPriority
  case breakpointInEntry

  /// How many faults there are: `allCases` would be an array.
  public static let count: UInt8 = breakpointInEntry.rawValue + 1

  public var description: FaultDescription {
    switch rawValue {
    case ...Self.tableInHole.rawValue: stackFault
    case ...Self.ioMapOpen.rawValue: tableFault
    case ...Self.pageFaultGateOpen.rawValue: gateFault
    case ...Self.returnFrameCrossing.rawValue: frameFault
    case ...Self.swapDouble.rawValue: systemCallFault
    default: kernelFault
    }
  }

  public var name: StaticString { description.name }
}
