extension SourceCommand {
  var manual: Manual {
    #"""
    DESCRIPTION
      Runs the commands of a file, one a line; "#" begins a remark. A command that fails ends the file, unless kdbg was
      started with --keep-going, and what it says begins with FILE:LINE. A file may run others, 20 in one another.

      Lines that set up gdb itself, such as "set pagination off", are passed over with a remark.

    OPTIONS
      FILE  its path, from the folder in which kdbg was started

    EXAMPLE
      What a script says about the stacks of the first return to Ring 3:

          (kdbg) source docs/examples/first-return.kdbg
          "set pagination" sets up gdb; passed over
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
          0xffffc90000004ff8  under CR3 0x30b000
            PML4[402]  at 0x30bc90  0x000000000030c023  P W A     PDPT 0x30c000
            PDPT[0]    at 0x30c000  0x000000000030d023  P W A     PD 0x30d000
            PD[0]      at 0x30d000  0x000000000030e023  P W A     PT 0x30e000
            PT[4]      at 0x30e020  0x8000000000307023  P W A NX  4 KiB page 0x307000
          mapped to physical 0x307ff8, 4 KiB page, rw- supervisor
          rights: supervisor by PML4[402], no-execute by PT[4]
          the kernel stack is mapped, writable and the supervisor's

    SEE ALSO
      assert, expect, echo
    """#
  }
}
