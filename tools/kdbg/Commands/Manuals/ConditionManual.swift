extension ConditionCommand {
  var manual: Manual {
    #"""
    DESCRIPTION
      Gives a breakpoint or watchpoint a condition, which kdbg evaluates at every hit; without an expression takes it away.

    EXAMPLE
          $ kdbg run build/kernel.elf
          Before a return to Ring 3, 0xffffffff8010e139 in return_to_user+0x129 at trap_stubs.S:321
          => 0xffffffff8010e139 <return_to_user+0x129>:	iretq
          1 return to Ring 3 checked at 1 site, all held
          (kdbg) break *0x10000000
          Breakpoint 1 at 0x10000000
          (kdbg) condition 1 $rax == 0x1234
          Num  Type   Enb  Address             Hits  Where
          1    break  y    0x0000000010000000  0
                 stop only if $rax == 0x1234

    SEE ALSO
      break, ignore, print
    """#
  }
}
