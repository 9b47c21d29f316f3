extension ModelSpecificCommand {
  var manual: Manual {
    #"""
    DESCRIPTION
      Reads model-specific registers, which no stub hands out: the processor, at a stop in Ring 0, executes an RDMSR of the
      kernel's own code for each, and RIP, the registers and the stack pointer are put back. Without an argument it is all
      that have a name here. A register that the processor has not is said to be none; a stop in Ring 3, a kernel without
      RDMSR and a machine that has shut down are one line.

    OPTIONS
      NAME    apic_base, sysenter_cs, sysenter_esp, sysenter_eip, pat, efer, star, lstar, cstar, sfmask, fs_base, gs_base or
              kernel_gs_base
      NUMBER  any other, such as 0x1b

    EXAMPLE
          (kdbg) msr star lstar sfmask pat
          0xc0000081  star    0x23000800000000    SYSCALL: CS 0x8, SS 0x10; SYSRET: CS 0x33, SS 0x2b
          0xc0000082  lstar   0xffffffff8010d000  syscall_entry
          0xc0000084  sfmask  0x47700             SYSCALL clears TF IF DF NT AC IOPL=3
          0x277       pat     0x7040600070406     WB WT UC- UC WB WT UC- UC

    SEE ALSO
      cr, info
    """#
  }
}
