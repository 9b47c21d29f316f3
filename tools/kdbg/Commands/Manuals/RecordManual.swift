extension RecordCommand {
  var manual: Manual {
    #"""
    DESCRIPTION
      Has QEMU's monitor log what the processor delivers, as a second witness beside the replay: explain shows the recorded
      chain and says whether it agrees. Off unless turned on, which must be before the event. QEMU writes the log where its
      translator (TCG) runs one processor. It is turned off again when kdbg lets go of the machine.

    EXAMPLE
          $ kdbg run build/kernel.elf --fault rsp0-pml4 --no-check
          Before a return to Ring 3, 0xffffffff8010e139 in return_to_user+0x129 at trap_stubs.S:321
          => 0xffffffff8010e139 <return_to_user+0x129>:	iretq
          (kdbg) record on
          QEMU's log of interrupts is on.
          (kdbg) catch vector 8
          Catching #DF at 0xffffffff8010b080: trap_stubs+0x80
          (kdbg) continue
          Caught #DF, 0xffffffff8010b080 in trap_stubs+0x80 at trap_stubs.S:30
          => 0xffffffff8010b080 <trap_stubs+0x80>:	push 8
          (kdbg) explain
          DX-01: the kernel stack under RSP0 is not mapped in the live CR3 (proven by replay)
          it happened in Ring 3 at 0x10000019
          what happened: int 0x80 -> #PF (error 0x2, CR2 0xffffc90000004ff8) -> #DF (error 0x0) at RIP 0x10000019 on IST1
          the proof: the kernel stack page 0xffffc90000004000 is not mapped in CR3 0x30d000 of process 1: PML4[402] is not present.

                                CR3 0x30d000, loaded             CR3 0x20a000, the kernel's own table
            PML4[402]           0x0000000000000000  not present  0x000000000030a003  P W
            PDPT[0]                                              0x000000000030b003  P W
            PD[0]                                                0x000000000030c003  P W
            PT[4]                                                0x8000000000309003  P W NX
            0xffffc90000004ff8  not mapped                       frame 0x309000, rw- supervisor

          how to catch it: kdbg check stops before a return that breaks RT-026 RSP0-frame-pages-writable
          how to fix it: map the stack's pages into this table before it is loaded, in creation, fork and exec
          the recorded chain: int 0x80 -> #PF (error 0x2, CR2 0xffffc90000004ff8) -> #DF (error 0x0); it agrees with the replayed one

    SEE ALSO
      explain, catch
    """#
  }
}
