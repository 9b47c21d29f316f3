extension ExplainCommand {
  var manual: Manual {
    #"""
    DESCRIPTION
      At an iretq or sysretq to Ring 3: whether the next entry can be delivered. In the handler of an exception, and after a
      triple fault: what started it and how it went on, proven by replaying the delivery on memory as it is. The walk that
      proves the cause stands beside the same walk in the reference table, then come the rule that would have caught it and
      the fix. Where nothing tells which vector a handler serves, the event is a guess: after a jump out of the entry code
      it is known only if that has left the vector's number below the frame.

      What comes after a return is foretold for the machine at hand, QEMU's translator with its differences.

    OPTIONS
      --engine architecture  the chain of events by the manual, after a return and in a handler
      --engine machine       the chain of the machine at hand, as without the option

    EXAMPLE
          $ kdbg run build/kernel.elf --fault rsp0-pml4 --no-check
          ...
          (kdbg) explain
          VIOLATION before the return to Ring 3 at 0x10000000, process 1
          RT-026 RSP0-frame-pages-writable: the kernel stack page 0xffffc90000004000 is not mapped in CR3 0x30b000 of process 1: PML4[402] is not present.
          what happens next: int 0x80 -> #PF (error 0x2, CR2 0xffffc90000004ff8) -> #DF (error 0x0) at RIP 0x10000019 on IST1
            the program comes to int 0x80 at 0x10000019; an interrupt may come before
            explain will call it DX-01: the kernel stack under RSP0 is not mapped in the live CR3

                                CR3 0x30b000, loaded             CR3 0x208000, the kernel's own table
            PML4[402]           0x0000000000000000  not present  0x0000000000308003  P W
            PDPT[0]                                              0x0000000000309003  P W
            PD[0]                                                0x000000000030a003  P W
            PT[4]                                                0x8000000000307003  P W NX
            0xffffc90000004ff8  not mapped                       frame 0x307000, rw- supervisor

          how to fix it: map the stack's pages into this table before it is loaded, in creation, fork and exec
          it follows: RT-028 handler-headroom, RT-132 syscall-stack-source

    SEE ALSO
      audit, record, walk
    """#
  }
}
