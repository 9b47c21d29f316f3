extension WatchCommand {
  var manual: Manual {
    #"""
    DESCRIPTION
      Stops the machine behind an instruction that touches memory: watch at a write that changes it, with the old and the new
      value, rwatch at a read, awatch at either. What is watched is a linear address, in every address space unless --cr3
      names one: an access to the same memory through another mapping, or by a device, goes unseen.

    OPTIONS
      LENGTH         1, 2, 4 or 8 bytes, 8 unless given; the address is a multiple of it
      --cr3 VALUE    counts only while this root table is loaded
      --cr3 current  the one that is loaded now
      if EXPRESSION  stops only where it is not 0; print shows the grammar

    EXAMPLE
      The stack of Ring 3, into which it pushes first:

          $ kdbg run build/kernel.elf
          Before a return to Ring 3, 0xffffffff8010e139 in return_to_user+0x129 at trap_stubs.S:321
          => 0xffffffff8010e139 <return_to_user+0x129>:	iretq
          1 return to Ring 3 checked at 1 site, all held
          (kdbg) watch 0x7fffefffffe8
          Watchpoint 1 at 0x7fffefffffe8, 8 bytes
          (kdbg) rwatch 0x7fffefffffd8 2 if $rdi != 0
          Read watchpoint 2 at 0x7fffefffffd8, 2 bytes
            stop only if $rdi != 0
          (kdbg) awatch 0x7fffeffffff0 4
          Access watchpoint 3 at 0x7fffeffffff0, 4 bytes
          (kdbg) continue
          Access watchpoint 3, 0x10000002
          4 bytes at 0x7fffeffffff0: 0x0
          => 0x10000002:	test edi, edi

    SEE ALSO
      break, delete, continue
    """#
  }
}
