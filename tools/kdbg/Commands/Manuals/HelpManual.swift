extension HelpCommand {
  var manual: Manual {
    #"""
    DESCRIPTION
      Lists the commands with a line for each, or shows the manual of one. The manuals stand in docs/commands, too.

    EXAMPLE
          (kdbg) help echo
          NAME
            echo - print a line of text

          USAGE
            echo [TEXT]

          DESCRIPTION
            Prints the rest of the line. \n and \t in it are a new line and a tabulator, \\ is a backslash; an \n at the end, as in
            scripts for gdb, changes nothing.

          EXAMPLE
                (kdbg) echo the stack of the return:
                the stack of the return:

          SEE ALSO
            print

    SEE ALSO
      info
    """#
  }
}
