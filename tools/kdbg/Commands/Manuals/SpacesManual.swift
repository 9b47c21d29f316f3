extension SpacesCommand {
  var manual: Manual {
    #"""
    DESCRIPTION
      Lists every root table that is known, and how: loaded on a processor now; named by the kernel, for a kernel that
      exports a table for debuggers; named as "reference-cr3" in the configuration file; loaded at a stop of this session.
      A table that was seen earlier may have been given back since.

    EXAMPLE
          (kdbg) spaces
          CR3 0x30c000  loaded on processor 0, process 1, loaded at 1 stop
          CR3 0x209000  the kernel's own
          ...

    JSON
      spaces[]             object  cr3, and what applies of the following
      spaces[].processors  array   the numbers of the processors on which it is loaded
      spaces[].kernel      bool    true for the kernel's own
      spaces[].process     number  the process whose it is
      spaces[].configuration  bool  true where the configuration names it
      spaces[].stops       number  at how many stops it was loaded

    SEE ALSO
      cr3, diff, find
    """#
  }
}
