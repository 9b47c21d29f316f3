extension PrintCommand {
  var manual: Manual {
    #"""
    DESCRIPTION
      Prints the value of an expression of numbers, $registers, symbols and memory. Where the value is an address in the
      kernel, its symbol stands behind it. This is the grammar of every ADDRESS, too.

      There are C's operators, which bind as in C: || && | ^ & == != < <= > >= << >> + - * / % and the unary - ~ !. A
      symbol stands for its address. *ADDRESS reads eight bytes of memory; {u8} ADDRESS reads one, and so u16, u32, u64,
      with the sign i8 to i64; {u32 physical} ADDRESS reads physical memory; gdb's *(u32 *) ADDRESS works as well.
      Numbers have 64 bits, arithmetic wraps, comparisons are unsigned; true is 1.

    OPTIONS
      /FORM  x hexadecimal, d signed, u unsigned, t binary or o octal

    EXAMPLE
          (kdbg) print $rsp + 5*8
          0xffffc980000ff000
          (kdbg) print *($rsp + 8) == 0x33 && ($cr4 >> 20 & 1)
          0x1 (1)
          (kdbg) print/d 0x80
          128

    SEE ALSO
      x, info
    """#
  }
}
