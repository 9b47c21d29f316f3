extension ContinueCommand {
  var manual: Manual {
    #"""
    DESCRIPTION
      Lets the machine run until a breakpoint, a violation, Ctrl-C or its end. An empty line at the prompt does it again. A
      script waits as long as --timeout says.

    EXAMPLE
          $ kdbg run build/kernel.elf
          Before a return to Ring 3, 0xffffffff8010e139 in return_to_user+0x129 at trap_stubs.S:321
          => 0xffffffff8010e139 <return_to_user+0x129>:	iretq
          1 return to Ring 3 checked at 1 site, all held
          (kdbg) break *0x10000019
          Breakpoint 1 at 0x10000019
          (kdbg) continue
          Breakpoint 1, 0x10000019
          => 0x10000019:	int 0x80

    SEE ALSO
      break, catch, stepi
    """#
  }
}
