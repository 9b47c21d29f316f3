extension CatchCommand {
  var manual: Manual {
    #"""
    DESCRIPTION
      Stops at the first instruction of a vector's handler, whatever enters it: an exception, an interrupt, an int
      instruction. The handlers are those of the table that IDTR names, looked at again whenever the machine is let go on.
      Several vectors can be caught; without a word the command tells which.

    OPTIONS
      vector NUMBER  this one too
      vector all     every one
      off            none

    EXAMPLE
          $ kdbg run build/kernel.elf
          Before a return to Ring 3, 0xffffffff8010e139 in return_to_user+0x129 at trap_stubs.S:321
          => 0xffffffff8010e139 <return_to_user+0x129>:	iretq
          1 return to Ring 3 checked at 1 site, all held
          (kdbg) catch vector 0x80
          Catching vector 0x80 at 0xffffffff8010b800: trap_stubs+0x800
          (kdbg) continue
          Caught vector 0x80, 0xffffffff8010b800 in trap_stubs+0x800 at trap_stubs.S:30
          => 0xffffffff8010b800 <trap_stubs+0x800>:	push 0

    SEE ALSO
      break, frame, idt
    """#
  }
}
