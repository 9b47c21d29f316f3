extension CR3Command {
  var manual: Manual {
    #"""
    DESCRIPTION
      Shows the root table that is loaded: its frame, the low bits of CR3, whose table it is where the kernel says so, and
      the reference table, in which a healthy mapping is looked for when this one lacks it. The reference is the kernel's
      own table where the kernel exports it (ringside_debugger_table) or a configuration file names it, else a table that
      was loaded at an earlier stop.

    EXAMPLE
          (kdbg) cr3
          CR3 0x30b000
            root table  0x30b000, four levels
            PML4        present entries: 2 in the user half, 4 in the kernel half
            owner       process 1
            reference   CR3 0x208000, the kernel's own table

    SEE ALSO
      pml4, walk
    """#
  }
}
