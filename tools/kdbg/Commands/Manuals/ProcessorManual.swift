extension ProcessorCommand {
  var manual: Manual {
    #"""
    DESCRIPTION
      cpu selects a processor by its number, thread by the number that the target gives it; without one the command shows the
      selected one. Registers, memory and steps are the selected processor's until the machine goes on. "info cpus" and "info
      threads" list them all.

    EXAMPLE
          $ kdbg run build/kernel.elf --cpus 2
          Before a return to Ring 3, 0xffffffff8010e139 in return_to_user+0x129 at trap_stubs.S:321
          => 0xffffffff8010e139 <return_to_user+0x129>:	iretq
          1 return to Ring 3 checked at 1 site, all held
          (kdbg) info cpus
             CPU  Thread  Ring  CR3       RIP                 Where                 State
          *  0    1       0     0x3ff000  0xffffffff8010e139  return_to_user+0x129  CPU#0 [running]
             1    2       0     0x208000  0xffffffff8010a273  processor_rest+0x13   CPU#1 [halted ]
          (kdbg) cpu 1
             CPU  Thread  Ring  CR3       RIP                 Where                State
          *  1    2       0     0x208000  0xffffffff8010a273  processor_rest+0x13  CPU#1 [halted ]
          (kdbg) thread 1
             CPU  Thread  Ring  CR3       RIP                 Where                 State
          *  0    1       0     0x3ff000  0xffffffff8010e139  return_to_user+0x129  CPU#0 [running]

    SEE ALSO
      info, step
    """#
  }
}
