extension SpacesCommand {
  var manual: Manual {
    #"""
    DESCRIPTION
      Lists every root table that is known, and how: loaded on a processor now; a process's, by the kernel's own list of
      them; named as "reference-cr3" in the configuration file; loaded at a stop of this session. A table that was seen
      earlier may have been given back since.

      A kernel that exports a table for debuggers says in it where its processes are. For any other, a configuration file
      says how to go through them (--config), in expressions in which $process is the address of the one that is asked.
      These are for Debian's Linux 6.1; its BTF has the offsets of others:

          process-first  = init_task
          process-next   = *($process + 0x890) - 0x890
          process-cr3    = *(*($process + 0x8e0) + 0x48) - *page_offset_base
          process-number = {u32} ($process + 0x970)
          process-name   = $process + 0xba0

      A list ends at 0, where it comes to its first again, or after "process-count" of them, as an array does. One that
      goes in a circle elsewhere, or leads where nothing is mapped, is told as such. What cannot be read, or is no root
      table, is none: kernel threads have none. In Ring 3 under page-table isolation the list is read under the kernel's
      table. The tables are known to "find --all" and to "diff" as well.

    EXAMPLE
          (kdbg) spaces
          CR3 0x30f000  loaded on processor 0, process 1 (ready), loaded at 1 stop
          CR3 0x20c000  the kernel's own
          ...

    JSON
      spaces[]             object  cr3, and what applies of the following
      spaces[].processors  array   the numbers of the processors on which it is loaded
      spaces[].kernel      bool    true for the kernel's own
      spaces[].process     number  the process whose it is, the first of them
      spaces[].processes   array   all of them: number, name and state, each null where it is not known
      spaces[].configuration  bool  true where the configuration names it
      spaces[].stops       number  at how many stops it was loaded
      processes[]          object  the kernel's list: number, name, state and tables, which are none for a kernel thread
      processesComplete    bool    false where the list could not be followed to its end

    SEE ALSO
      cr3, diff, find
    """#
  }
}
