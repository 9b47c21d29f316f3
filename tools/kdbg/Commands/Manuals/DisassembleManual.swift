extension DisassembleCommand {
  var manual: Manual {
    #"""
    DESCRIPTION
      Shows the code in memory, taken apart by Capstone, and marks the instruction that is next. Without ADDRESS it is the
      function that RIP is in, else the function at ADDRESS, or from ADDRESS on to END or for LENGTH bytes, as gdb has it;
      where no symbol says how long a function is, 16 instructions. The code is the memory's, because kernels patch
      themselves, without kdbg's own breakpoints, which some machines let show.

    OPTIONS
      /r  the bytes of each instruction too
      /s  a line of the source before its instructions, with its text where the file is on this machine

    EXAMPLE
      Where the processor leaves the kernel:

          (kdbg) disassemble/r $rip-3,+5
             0xffffffff8010e136 <return_to_user+0x126>:	0f 01 f8	swapgs
          => 0xffffffff8010e139 <return_to_user+0x129>:	48 cf	iretq

    JSON
      rip                     hex          where the machine stands
      instructions[].address  hex          of its first byte
      instructions[].bytes    string       two hexadecimal digits each
      instructions[].text     string       mnemonic and operands
      instructions[].symbol   string|null  with the offset
      instructions[].file     string|null  with /s
      instructions[].line     number|null  with /s

    SEE ALSO
      x, info, symbols
    """#
  }
}
