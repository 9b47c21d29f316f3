extension ControlRegistersCommand {
  var manual: Manual {
    #"""
    DESCRIPTION
      Shows CR0, CR2, CR3, CR4, CR8, EFER and the debug registers, with the names of the bits that are set; of DR7, each
      breakpoint that is on, with what it stops at and how many bytes.

    EXAMPLE
          (kdbg) cr
          cr0   0x80010035  PE EM ET NE WP PG
          cr2   0x0         the address of the last page fault
          cr3   0x30b000    root table 0x30b000
          cr4   0x300860    PAE MCE UMIP SMEP SMAP
          cr8   0x0         interrupts of priority class above 0 come in
          efer  0xd01       SCE LME LMA NXE
          dr0   0x0
          dr1   0x0
          dr2   0x0
          dr3   0x0
          dr6   0xffff0ff0
          dr7   0x400

    SEE ALSO
      cr3, info, msr
    """#
  }
}
