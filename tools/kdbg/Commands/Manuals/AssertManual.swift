extension AssertCommand {
  var manual: Manual {
    #"""
    DESCRIPTION
      Fails unless the expression is true, that is not 0. In a script that is the end: the exit status is 1. Of a comparison
      that is not so, both sides are shown. Where it holds nothing is printed.

    OPTIONS
      EXPRESSION  as print takes it
      MESSAGE     said first where the expression is false

    EXAMPLE
          (kdbg) assert *($rsp + 8) == 0x33, the return is to Ring 3
          (kdbg) assert $cr4 >> 20 & 1
          (kdbg) assert $cr8 == 15, interrupts below 15 are held back
          assertion failed: interrupts below 15 are held back: $cr8 == 15 (0x0 == 0xf)

    SEE ALSO
      expect, source, print
    """#
  }
}
