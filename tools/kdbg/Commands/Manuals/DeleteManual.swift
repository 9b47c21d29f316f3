extension DeleteCommand {
  var manual: Manual {
    #"""
    DESCRIPTION
      Removes breakpoints by their numbers, or all of them, and lists those that are left.

    EXAMPLE
          $ kdbg run build/kernel.elf
          Before a return to Ring 3, 0xffffffff8010e139 in return_to_user+0x129 at trap_stubs.S:321
          => 0xffffffff8010e139 <return_to_user+0x129>:	iretq
          1 return to Ring 3 checked at 1 site, all held
          (kdbg) break *0x10000019
          Breakpoint 1 at 0x10000019
          (kdbg) delete 1
          No breakpoints.

    SEE ALSO
      break, info
    """#
  }
}
