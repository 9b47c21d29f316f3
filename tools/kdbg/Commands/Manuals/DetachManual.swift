extension DetachCommand {
  var manual: Manual {
    #"""
    DESCRIPTION
      Removes every breakpoint, lets the machine run and ends the session. A QEMU that kdbg started ends too, unless kdbg was
      started with --keep.

    EXAMPLE
          $ kdbg run build/kernel.elf
          Before a return to Ring 3, 0xffffffff8010e139 in return_to_user+0x129 at trap_stubs.S:321
          => 0xffffffff8010e139 <return_to_user+0x129>:	iretq
          1 return to Ring 3 checked at 1 site, all held
          (kdbg) detach
          Detached.

    SEE ALSO
      quit
    """#
  }
}
