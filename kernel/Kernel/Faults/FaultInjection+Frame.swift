import Boot
import Core
import Machine
import X86

/// FI-47...53: the frame of the return, and the flags under which it is popped.
extension FaultInjection {
  mutating func injectIntoFrame(_ fault: InjectedFault, _ frame: inout trap_frame) {
    switch fault {
    case .returnRIPNonCanonical: frame.rip = 0x0000_9000_0000_0000
    case .returnRIPEdge: frame.rip = 0x0000_8000_0000_0000
    case .returnCSNull: frame.cs = 3
    case .returnCSAbsent: frame.cs = UInt64(define(0x83, ExtraDescriptor.absentUserCode))
    case .returnCSData: frame.cs = UInt64(DescriptorTables.userData.rawValue)
    case .returnCSRange: frame.cs = 0xfb
    case .returnCSRing0: frame.cs = DescriptorTables.userCode.tableOffset
    case .returnCSKernel: frame.cs = DescriptorTables.kernelCode.tableOffset | 3
    case .returnCSLongDefault: frame.cs = UInt64(define(0x73, ExtraDescriptor.longDefaultCode))
    case .returnSSNull: frame.ss = 3
    case .returnSSAbsent: frame.ss = UInt64(define(0x8b, ExtraDescriptor.absentUserData))
    case .returnSSReadOnly: frame.ss = UInt64(define(0x93, ExtraDescriptor.readOnlyUserData))
    case .returnSSCode: frame.ss = UInt64(DescriptorTables.userCode.rawValue)
    case .returnSSRing0: frame.ss = DescriptorTables.userData.tableOffset
    case .returnSSKernel: frame.ss = 0x10 | 3
    case .returnSSRange: frame.ss = 0xfb
    case .returnNested: exit = .flags(.nestedTask)
    case .returnInterruptsOff: frame.rflags &= ~RFlags.interruptEnable.rawValue
    case .returnPorts: frame.rflags |= RFlags.ioPrivilegeMask
    case .returnTrap: frame.rflags |= RFlags.trap.rawValue
    case .returnNestedImage: frame.rflags |= RFlags.nestedTask.rawValue
    case .returnVirtual8086: frame.rflags |= RFlags.virtual8086.rawValue
    // Bit 1 stays as it is: it is always one.
    case .returnReserved: frame.rflags |= RFlags.reservedMask
    case .returnRSPNonCanonical: frame.rsp = 0x0000_9000_0000_0000
    // What the fault of the `iretq` pushes goes below RSP, which is mapped in both cases.
    case .returnFrameUnmapped: exit = .frameAboveStack
    default: exit = .frameAcrossEnd
    }
  }
}
