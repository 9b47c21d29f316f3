extension StepCommand {
  var manual: Manual {
    #"""
    DESCRIPTION
      stepi executes one instruction, nexti the same with a call and all that it does as one. step and next execute until
      another line of the source begins: step also in a function called, which next executes as a whole. A function without
      lines is stepped over. A step by lines ends, too, where the processor comes to another ring, and where there are no
      lines any more. An empty line at the prompt does the same again.

      The selected processor alone steps, and QEMU keeps interrupts out meanwhile. While a called function runs as a whole,
      all processors do, and interrupts come. A step over iretq ends at the instruction that it returns to, one over int or
      syscall at the first of the handler.

    OPTIONS
      COUNT  so many steps, 1 unless given, at most 1000000

    EXAMPLE
      Into Ring 3, and back with the first system call:

          $ kdbg run build/kernel.elf
          Before a return to Ring 3, 0xffffffff8010e139 in return_to_user+0x129 at trap_stubs.S:321
          => 0xffffffff8010e139 <return_to_user+0x129>:	iretq
          1 return to Ring 3 checked at 1 site, all held
          (kdbg) stepi
          => 0x10000000:	push rsi
          (kdbg) nexti 2
          => 0x10000002:	test edi, edi
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
          (kdbg) next
          0xffffffff80182b84 in kernel_trap+0x4 at Traps.swift:14
          => 0xffffffff80182b84 <kernel_trap+0x4>:	mov rsi, rdi
          (kdbg) step
          0xffffffff80182b90 in Kernel.dispatch(_:at:) at Traps.swift:17
          => 0xffffffff80182b90 <Kernel.dispatch(_:at:)>:	push rbp

    SEE ALSO
      continue, finish, until, x
    """#
  }
}
