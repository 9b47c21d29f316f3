extension InjectedFault {
  /// The five words that `iretq` pops, where they lie, and the flags under which it runs.
  var frameFault: FaultDescription {
    switch self {
    case .returnRIPNonCanonical: .init(47, "iret-rip-noncanon", "RIP is 0x0000900000000000")
    case .returnRIPEdge: .init(47, "iret-rip-edge", "RIP is 0x0000800000000000")
    case .returnCSNull: .init(48, "iret-cs-null", "CS is 3, a null selector")
    case .returnCSAbsent: .init(48, "iret-cs-absent", "CS names an absent code segment, 0x83")
    case .returnCSData: .init(48, "iret-cs-data", "CS names Ring 3's data segment")
    case .returnCSRange: .init(48, "iret-cs-range", "CS is 0xfb, past the GDT's limit")
    case .returnCSRing0: .init(48, "iret-cs-rpl0", "CS names Ring 3's code segment with RPL 0")
    case .returnCSKernel: .init(48, "iret-cs-kernel3", "CS names the kernel's code segment with RPL 3")
    case .returnCSLongDefault: .init(48, "iret-cs-LD", "CS names a code segment with L=1 and D=1, 0x73")
    case .returnSSNull: .init(49, "iret-ss-null", "SS is 3, a null selector")
    case .returnSSAbsent: .init(49, "iret-ss-absent", "SS names an absent data segment, 0x8b")
    case .returnSSReadOnly: .init(49, "iret-ss-ro", "SS names a read-only data segment, 0x93")
    case .returnSSCode: .init(49, "iret-ss-code", "SS names Ring 3's code segment")
    case .returnSSRing0: .init(49, "iret-ss-rpl0", "SS names Ring 3's data segment with RPL 0")
    case .returnSSKernel: .init(49, "iret-ss-kernel", "SS names the kernel's data segment with RPL 3")
    case .returnSSRange: .init(49, "iret-ss-range", "SS is 0xfb, past the GDT's limit")
    case .returnNested: .init(50, "iret-nt", "the kernel's own RFLAGS.NT is set at the `iretq`")
    case .returnInterruptsOff:
      .init(51, "iret-if0", "IF is clear in the RFLAGS that are popped", act: .irq)
    case .returnPorts: .init(51, "iret-iopl3", "IOPL is 3 in the RFLAGS that are popped", act: .out)
    case .returnTrap: .init(51, "iret-tf", "TF is set in the RFLAGS that are popped")
    case .returnNestedImage: .init(51, "iret-nt-image", "NT is set in the RFLAGS that are popped")
    case .returnVirtual8086: .init(51, "iret-vm", "VM is set in the RFLAGS that are popped")
    case .returnReserved: .init(51, "iret-reserved", "reserved bits are set in the RFLAGS that are popped")
    case .returnRSPNonCanonical:
      .init(52, "iret-rsp-noncanon", "RSP is 0x0000900000000000", act: .push)
    case .returnFrameUnmapped:
      .init(53, "iret-frame-unmapped", "the frame lies on the page above the exit stack, which is not mapped")
    default:
      .init(53, "iret-frame-crossing", "the frame begins on the exit stack and ends on an unmapped page")
    }
  }
}
