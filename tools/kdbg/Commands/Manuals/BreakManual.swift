extension BreakCommand {
  var manual: Manual {
    #"""
    DESCRIPTION
      Stops the machine before the instruction at an address executes. break writes a breakpoint into memory, hbreak takes
      one of the processor's four debug registers, watchpoints among them, and needs no memory that can be written, nor any
      that is mapped. tbreak is a break that goes with its first stop. gdb's star before an address may stand there.

      kdbg evaluates the condition at every hit, with registers, symbols and memory; one that cannot be evaluated stops the
      machine and says why.

    OPTIONS
      --cr3 VALUE    counts only while this root table is loaded
      --cr3 current  the one that is loaded now
      if EXPRESSION  stops only where it is not 0; print shows the grammar

    EXAMPLE
          $ kdbg run build/kernel.elf
          Before a return to Ring 3, 0xffffffff8010e139 in return_to_user+0x129 at trap_stubs.S:321
          => 0xffffffff8010e139 <return_to_user+0x129>:	iretq
          1 return to Ring 3 checked at 1 site, all held
          (kdbg) break kernel_trap if $cr3 == 0
          Breakpoint 1 at 0xffffffff80182b80: kernel_trap
            stop only if $cr3 == 0
          (kdbg) hbreak *0x10000019
          Hardware breakpoint 2 at 0x10000019
          (kdbg) tbreak *0x1000001b --cr3 current
          Temporary breakpoint 3 at 0x1000001b
            only under CR3 0x30b000
          (kdbg) continue
          Hardware breakpoint 2, 0x10000019
          => 0x10000019:	int 0x80
          (kdbg) continue
          Temporary breakpoint 3, 0x1000001b
          => 0x1000001b:	cmp rax, 0x32
          (kdbg) info breakpoints
          Num  Type    Enb  Address             Hits  Where
          1    break   y    0xffffffff80182b80  0     kernel_trap
                 stop only if $cr3 == 0
          2    hbreak  y    0x0000000010000019  1

    SEE ALSO
      condition, ignore, enable, delete, watch, catch, continue, print
    """#
  }
}
