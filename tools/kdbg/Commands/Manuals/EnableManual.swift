extension EnableCommand {
  var manual: Manual {
    #"""
    DESCRIPTION
      disable takes breakpoints and watchpoints out of the machine and keeps them in the list, enable puts them in again.
      Without a number it is all of them.

    EXAMPLE
          $ kdbg run build/kernel.elf
          Before a return to Ring 3, 0xffffffff8010e139 in return_to_user+0x129 at trap_stubs.S:321
          => 0xffffffff8010e139 <return_to_user+0x129>:	iretq
          1 return to Ring 3 checked at 1 site, all held
          (kdbg) break kernel_trap
          Breakpoint 1 at 0xffffffff80182b80: kernel_trap
          (kdbg) disable 1
          Num  Type   Enb  Address             Hits  Where
          1    break  n    0xffffffff80182b80  0     kernel_trap
          (kdbg) enable
          Num  Type   Enb  Address             Hits  Where
          1    break  y    0xffffffff80182b80  0     kernel_trap

    SEE ALSO
      break, delete
    """#
  }
}
