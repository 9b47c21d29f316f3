extension EchoCommand {
  var manual: Manual {
    #"""
    DESCRIPTION
      Prints the rest of the line. \n and \t in it are a new line and a tabulator, \\ is a backslash; an \n at the end, as in
      scripts for gdb, changes nothing.

    EXAMPLE
          (kdbg) echo the stack of the return:
          the stack of the return:

    SEE ALSO
      print
    """#
  }
}
