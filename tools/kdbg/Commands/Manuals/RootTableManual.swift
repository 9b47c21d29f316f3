extension RootTableCommand {
  var manual: Manual {
    #"""
    DESCRIPTION
      Lists the present entries of the root table, PML4 or with five levels PML5, and says for each slot of the kernel's
      half whether the reference table has the same entry there. The reference is the kernel's own table where the kernel
      names it (ringside_debugger_table) or a configuration file does, else the table that was loaded most often at the
      stops of this session.

    OPTIONS
      CR3  another root table than the loaded one

    EXAMPLE
          (kdbg) pml4
          PML4 at 0x30b000  compared with CR3 0x208000, the kernel's own table
              0  0x0000000000000000-0x0000007fffffffff  user    0x0000000000310007  P W U
            255  0x00007f8000000000-0x00007fffffffffff  user    0x0000000000316007  P W U
            256  0xffff800000000000-0xffff807fffffffff  kernel  0x0000000000209023  P W A  same
            402  0xffffc90000000000-0xffffc97fffffffff  kernel  0x000000000030c023  P W A  the reference has 0x308003
            403  0xffffc98000000000-0xffffc9ffffffffff  kernel  0x0000000000212023  P W A  same
            511  0xffffff8000000000-0xffffffffffffffff  kernel  0x000000000020d023  P W A  same

    SEE ALSO
      cr3, walk
    """#
  }
}
