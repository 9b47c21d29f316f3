extension QuitCommand {
  var manual: Manual {
    #"""
    DESCRIPTION
      Ends the session as detach does, without a word.

    EXAMPLE
          $ kdbg run build/kernel.elf
          Before a return to Ring 3, 0xffffffff8010e139 in return_to_user+0x129 at trap_stubs.S:321
          => 0xffffffff8010e139 <return_to_user+0x129>:	iretq
          1 return to Ring 3 checked at 1 site, all held
          (kdbg) quit

    SEE ALSO
      detach
    """#
  }
}
