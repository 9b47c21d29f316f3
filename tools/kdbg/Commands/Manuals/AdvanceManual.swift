extension AdvanceCommand {
  var manual: Manual {
    #"""
    DESCRIPTION
      Lets the machine run until an address is reached, as a temporary breakpoint and continue would.

    EXAMPLE
          $ kdbg run build/kernel.elf
          Before a return to Ring 3, 0xffffffff8010e139 in return_to_user+0x129 at trap_stubs.S:321
          => 0xffffffff8010e139 <return_to_user+0x129>:	iretq
          1 return to Ring 3 checked at 1 site, all held
          (kdbg) until 0x10000019
          0x10000019
          => 0x10000019:	int 0x80

    SEE ALSO
      break, finish, continue
    """#
  }
}
