extension InfoCommand {
  var manual: Manual {
    #"""
    DESCRIPTION
      Answers one of several questions by its first word, which may be cut short.

    OPTIONS
      registers [NAME...]  all registers, or those named; what is set in the control registers and flags by name
      breakpoints          yours, with their hits; the check's own are not listed
      symbol ADDRESS       the symbol in which an address lies
      line [ADDRESS]       the line of the source, and the functions that were inlined there; of RIP unless given
      display  what is shown at every stop
      display              what is shown at every stop
      frame                where the machine stands, who called, and how that is known
      cpus, threads        where each processor stands, or each thread of a stub that has others

    EXAMPLE
          (kdbg) info registers rsp cr0 cr4 efer
          rsp   0xffffc980000fefd8
          cr0   0x80010035          PE EM ET NE WP PG
          cr4   0x300860            PAE MCE UMIP SMEP SMAP
          efer  0xd01               SCE LME LMA NXE
          (kdbg) info symbol $rip
          return_to_user+0x129
          (kdbg) info frame
          RIP       0xffffffff8010e139 in return_to_user+0x129 at trap_stubs.S:321
          RSP       0xffffc980000fefd8
          caller    0x0000000010000000
          found by  the exception frame at 0xffffc980000fefd8
          its RSP   0x00007ffff0000000
          its RBP   0x0000000000000000

    SEE ALSO
      print, break
    """#
  }
}
