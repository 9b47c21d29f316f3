extension InjectedFault {
  /// What the next entry from Ring 3 pushes to. `A` is RSP0 rounded down to 16.
  var stackFault: FaultDescription {
    switch self {
    case .rsp0PML4: .init(1, "rsp0-pml4", "the process's table loses PML4[402], which maps its kernel stack")
    case .rsp0PDPT: .init(2, "rsp0-pdpt", "it loses the page-directory-pointer entry of the stack's path")
    case .rsp0PTE: .init(2, "rsp0-pte", "it loses the top page of the stack")
    case .rsp0PTEDoubleFaultStackUnmapped:
      .init(5, "rsp0-pte+df-ist-unmapped", "no top page of the stack, nor of #DF's")
    case .rsp0PTEDoubleFaultStackZero:
      .init(5, "rsp0-pte+df-ist-zero", "no top page of the stack, and TSS.IST1 is 0")
    case .rsp0PTEDoubleFaultStackShared:
      .init(5, "rsp0-pte+df-ist=rsp0", "no top page of the stack, and TSS.IST1 is TSS.RSP0")
    case .rsp0ReadOnly: .init(6, "rsp0-ro", "the top page of the stack is read-only")
    case .rsp0ReadOnlyPML4: .init(6, "rsp0-ro-pml4", "PML4[402] is read-only")
    case .rsp0Reserved: .init(8, "rsp0-rsvd", "bit 51, reserved, is set in the entry of the stack's top page")
    case .rsp0PageSizePML4: .init(9, "rsp0-ps-pml4", "PS, reserved there, is set in PML4[402]")
    case .rsp0NoExecuteDisabled:
      .init(10, "rsp0-nx-nxe0", "EFER.NXE=0, and of all entries the stack's top page alone keeps NX")
    case .rsp0User: .init(11, "rsp0-user", "U/S=1 on the whole path of the stack's top page")
    case .rsp0Zero: .init(14, "rsp0-zero", "TSS.RSP0 is 0")
    case .rsp0NonCanonical: .init(15, "rsp0-noncanon", "TSS.RSP0 is 0x0000900000000000")
    case .rsp0EdgeHigh: .init(16, "rsp0-edge-hi", "TSS.RSP0 is 0xffff800000000000: A-8 is not canonical")
    case .rsp0EdgeLow:
      .init(16, "rsp0-edge-lo", "TSS.RSP0 is 0x0000800000000000: A-8 is canonical, it is not")
    case .rsp0Unaligned: .init(17, "rsp0-unaligned", "TSS.RSP0 is 8 bytes below the stack's top")
    case .rsp0UnalignedOdd: .init(17, "rsp0-unaligned-3", "TSS.RSP0 is 3 bytes below the stack's top")
    case .rsp0Bottom: .init(18, "rsp0-bottom", "TSS.RSP0 is 16 bytes above the stack's lowest byte")
    case .rsp0Stale: .init(19, "rsp0-stale", "TSS.RSP0 is the stack of another process, mapped here")
    case .stackHole:
      .init(20, "stack-hole", "of the stack only the top page is mapped; the handler uses more than one")
    case .stalePTE:
      .init(
        64, "stale-pte", "no top page of the stack, but the TLB still has it", act: .calls,
        at: .beforeSecondReturn)
    case .stalePermission:
      .init(
        64, "stale-perm", "the stack's top page is read-only, but the TLB still lets writes through",
        act: .calls, at: .beforeSecondReturn)
    case .staleGlobal:
      .init(65, "stale-global", "the stack is a global page, and the table loaded next does not map it")
    case .guardMapped: .init(68, "guard-mapped", "the guard page below the stack is mapped")
    case .leafBeyondRAM: .init(69, "leaf-beyond-ram", "the stack's top page is a frame past all RAM")
    default: .init(69, "table-in-hole", "the stack's page table is a frame past all RAM")
    }
  }
}
