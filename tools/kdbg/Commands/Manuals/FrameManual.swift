extension FrameCommand {
  var manual: Manual {
    #"""
    DESCRIPTION
      Decodes an exception frame: the error code if there is one, RIP, CS, RFLAGS, RSP and SS. Without an address the frame
      is found by where the machine stands: at an iretq, at a handler's first instruction, or on a stack of the TSS.

    OPTIONS
      ADDRESS  the address of the frame's RIP slot

    EXAMPLE
      What the iretq is about to pop:

          (kdbg) frame
          exception frame at 0xffffc980000fefd8  which iretq is about to pop
            RIP     0x0000000010000000
            CS      0x0000000000000033  index 6, RPL 3
            RFLAGS  0x0000000000000202  IF
            RSP     0x00007ffff0000000
            SS      0x000000000000002b  index 5, RPL 3

    SEE ALSO
      tss, explain
    """#
  }
}
