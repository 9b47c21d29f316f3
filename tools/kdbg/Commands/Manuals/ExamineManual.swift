extension ExamineCommand {
  var manual: Manual {
    #"""
    DESCRIPTION
      Shows memory at a linear address under the loaded CR3, in gdb's formats. Without an address it goes on where the last
      one ended, and so does an empty line. Rights are not asked: walk tells them.

    OPTIONS
      /COUNT  how many, 1 unless given
      /FORM   x hexadecimal, d signed, u unsigned, o octal, t binary, a address, c character, s string, i instruction
      /WIDTH  b, h, w or g: 1, 2, 4 or 8 bytes

    EXAMPLE
      The frame of the return, and the code of Ring 3 that it leads to:

          (kdbg) x/5gx $rsp
          0xffffc980000fefd8:	0x0000000010000000	0x0000000000000033
          0xffffc980000fefe8:	0x0000000000000202	0x00007ffff0000000
          0xffffc980000feff8:	0x000000000000002b
          (kdbg) x/4i 0x10000000
             0x10000000:	push rsi
             0x10000001:	push rdi
             0x10000002:	test edi, edi
             0x10000004:	jne 0x1000016d

    SEE ALSO
      xp, walk, print
    """#
  }
}
