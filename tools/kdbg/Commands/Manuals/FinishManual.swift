extension FinishCommand {
  var manual: Manual {
    #"""
    DESCRIPTION
      Lets the machine run until the function has returned to its caller, and shows what it returned, which is RAX. The
      caller is the next frame of bt: in a handler, what was interrupted. The stack pointer must be the caller's, so that a
      deeper call of the same function does not count.

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
          (kdbg) tbreak kernel_trap
          Temporary breakpoint 1 at 0xffffffff80182b80: kernel_trap
          (kdbg) continue
          Temporary breakpoint 1, 0xffffffff80182b80 in kernel_trap at Traps.swift:13
          => 0xffffffff80182b80 <kernel_trap>:	push rbp
          (kdbg) finish
          Returned 0x0 to 0xffffffff8010c042 in trap_common+0x42 at trap_stubs.S:122
          => 0xffffffff8010c042 <trap_common+0x42>:	test byte ptr [rsp + 0x90], 3

    SEE ALSO
      backtrace, until, step
    """#
  }
}
