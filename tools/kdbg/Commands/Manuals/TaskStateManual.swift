extension TaskStateCommand {
  var manual: Manual {
    #"""
    DESCRIPTION
      Decodes the 64-bit TSS that TR names: RSP0 to RSP2, IST1 to IST7 and the base of the I/O map. A stack is judged by
      its top page, into which the processor pushes: whether a push works under the loaded CR3, and if not, at which entry
      the walk ends or which right is missing.

    OPTIONS
      --cr3 VALUE  the segment and its stacks as they are mapped under this root table, such as the one that Ring 3 runs on
                   under page-table isolation

    EXAMPLE
          (kdbg) tss
          TSS at 0xffffffff801a9000  TR 0x18, limit 0x67
            RSP0  0xffffc90000005000  top page in frame 0x307000, rw- supervisor
            RSP1  0x0000000000000000  not set
            RSP2  0x0000000000000000  not set
            IST1  0xffffc9800003f000  top page in frame 0x231000, rw- supervisor
            IST2  0xffffc9800005f000  top page in frame 0x24f000, rw- supervisor
            IST3  0xffffc9800007f000  top page in frame 0x26d000, rw- supervisor
            IST4  0xffffc9800009f000  top page in frame 0x28b000, rw- supervisor
            IST5  0xffffc980000bf000  top page in frame 0x2a9000, rw- supervisor
            IST6  0xffffc980000df000  top page in frame 0x2c7000, rw- supervisor
            IST7  0x0000000000000000  not set
            IOPB  0x68, past the limit: Ring 3 has no port

    SEE ALSO
      idt, gdt, walk
    """#
  }
}
