extension InfoCommand {
  var manual: Manual {
    #"""
    DESCRIPTION
      Answers one of several questions by its first word, which may be cut short.

    OPTIONS
      registers [NAME...]  all registers, or those named; what is set in the control registers and flags by name
      breakpoints          yours, with their hits; the check's own are not listed
      symbol ADDRESS       the symbol in which an address lies
      cpus, threads        where each processor stands, or each thread of a stub that has others

    EXAMPLE
          (kdbg) info registers rsp cr0 cr4 efer
          rsp   0xffffc980000fefd8
          cr0   0x80010035          PE EM ET NE WP PG
          cr4   0x300860            PAE MCE UMIP SMEP SMAP
          efer  0xd01               SCE LME LMA NXE
          (kdbg) info symbol $rip
          return_to_user+0x129

    SEE ALSO
      print, break
    """#
  }
}
