extension BreakpointCommandsCommand {
  var manual: Manual {
    #"""
    DESCRIPTION
      Takes the lines that follow, up to one that says "end", and runs them whenever the breakpoint or watchpoint stops the
      machine: without a number, the one set last. No lines take them away. Where "silent" is the first, nothing is told about
      the stop. What stands behind a command that lets the machine go on is not run. A line that fails ends them, and names
      itself by the breakpoint and its number.

    EXAMPLE
      The system calls of a program, without a stop for the user:

          $ kdbg run build/kernel.elf --no-check
          Before a return to Ring 3, 0xffffffff8010e139 in return_to_user+0x129 at trap_stubs.S:321
          => 0xffffffff8010e139 <return_to_user+0x129>:	iretq
          (kdbg) break *0x10000019
          Breakpoint 1 at 0x10000019
          (kdbg) commands
          > silent
          > print/d $rax
          > continue
          > end
          Num  Type   Enb  Address             Hits  Where
          1    break  y    0x0000000010000019  0
                   silent
                   print/d $rax
                   continue
          (kdbg) tbreak *0x1000001b
          Temporary breakpoint 2 at 0x1000001b
          (kdbg) continue
          1
          Temporary breakpoint 2, 0x1000001b
          => 0x1000001b:	cmp rax, 0x32

    SEE ALSO
      break, watch, info, display
    """#
  }
}
