extension CatchCommand {
  var manual: Manual {
    #"""
    DESCRIPTION
      Stops when something happens to the processor, wherever the code is that does it. Several events can be caught at once;
      without a word the command tells which. tcatch catches until the first stop of the event.

      The handlers of vectors are those of the table that IDTR names, looked at again whenever the machine is let go on. For
      Ring 3 and CR3 the machine stops at each instruction that can do it, and one step shows what it did. The instructions
      are those of the kernel's file; without one, whatever looks so in the pages that Ring 0 can execute at that moment,
      which only QEMU's translator allows: elsewhere a breakpoint would be written into what may be something else.

      Under KVM a step over iretq runs away: ring 3 is refused there. The kernel's own stub refuses breakpoints on its way
      out.

    OPTIONS
      vector NUMBER  at the first instruction of its handler, whatever enters it: an exception, an interrupt, an int
      vector all     all of them
      ring 3         at the first instruction in Ring 3, behind the iretq or sysretq that leads there
      ring 0         at the first instruction in the kernel that Ring 3 came to, by a gate or by LSTAR
      cr3 [VALUE]    behind the instruction that loaded another root table, or that one
      off            nothing

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
          (kdbg) catch off
          Nothing is caught.
          (kdbg) tcatch ring 3
          Catching the way into Ring 3, at 3 instructions (iretq and sysretq), once
          (kdbg) continue
          Caught the way into Ring 3, 0x1000001b
          => 0x1000001b:	cmp rax, 0x32
          (kdbg) catch cr3
          Catching loads of CR3, at 9 instructions (mov to CR3)
          (kdbg) continue
          Caught CR3 0x30b000 -> 0x208000, 0xffffffff8010a032 in switch_context+0x32 at context_switch.S:38
          => 0xffffffff8010a032 <switch_context+0x32>:	mov rbx, qword ptr [rsi]

    JSON
      vectors   array   the numbers that are caught
      handlers  array   where they begin: address, symbol, vectors
      ring3     object  the instructions that lead into Ring 3: addresses, source, complete; null while it is not caught
      ring0     object  handlers and lstar; null while it is not caught
      cr3       object  the instructions that load CR3, as ring3
      cr3Value  string  the one value of interest, or null
      once      array   what is caught until its first stop

    SEE ALSO
      break, continue, frame, idt
    """#
  }
}
