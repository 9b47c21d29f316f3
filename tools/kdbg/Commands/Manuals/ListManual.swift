extension ListCommand {
  var manual: Manual {
    #"""
    DESCRIPTION
      Shows ten lines of the source: around the line at which the machine stands, then, each time that it or an empty line
      asks again, the ten behind. The line at which the machine stands is marked. The file is read where the compiler
      recorded it, which for a path that is not absolute is from the folder in which kdbg was started.

    OPTIONS
      ADDRESS    around the line of the code at an address, such as a function's
      FILE:LINE  around a line of a file: its name, or its path as the compiler recorded it. Wherever an ADDRESS is wanted,
                 FILE:LINE is the code of this line, or of the next that has some
      LINE       around a line of the file shown last, in decimal
      ,LAST      from LINE, or FILE:LINE, to this line
      -          the ten lines before those shown last

    EXAMPLE
      The return to Ring 3:

          (kdbg) list
          return_to_user+0x129 is in trap_stubs.S:321
          ...
             318	    swapgs
             319	    .global user_return
             320	user_return:
          => 321	    iretq                 /* RSP = exit stack top - 40: RIP, CS, RFLAGS, RSP, SS */
          ...

    JSON
      file          string       its path as the compiler recorded it
      current       number|null  the line at which the machine stands, where it is of this file
      lines[].line  number       counted from 1
      lines[].text  string       the line

    SEE ALSO
      info, disassemble, break
    """#
  }
}
