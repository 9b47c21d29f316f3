extension MapCommand {
  var manual: Manual {
    #"""
    DESCRIPTION
      Lists all that a root table maps, in the order of the addresses. Neighbouring pages are one region as long as they
      agree in what survives all levels: the rights, G, the memory type (by IA32_PAT, where it is known), the page size,
      and whether memory stands behind them. Each line has the first and the last address, the size, the rights, G, the
      memory type, the pages, what the first one maps ("scattered": the frames do not follow each other), and the symbol
      of the first address.

      A table that was read before, under entries that leave the same rights, is not read again: one line says how often
      it comes in a row, and its pages count. Entries that lead back to a table on their own way, that have reserved bits
      set, and that name a table which cannot be read have lines of their own. A filter leaves pages out, never these.

      Nothing is collected before it is printed, so the list may be as long as it wants.

    OPTIONS
      ADDRESS           what maps this address
      START..END        these addresses, END being the first one behind; either may be missing
      RIGHTS            w, x, ro (not w), nx (not x), user, supervisor, global; several with + (w+x); or as they
                        are printed (rw-)
      --cr3 VALUE       under another root table than the loaded one
      --physical RANGE  what maps these physical addresses
      --size SIZE       pages of this size: 4k, 2m or 1g
      --rights          regions by rights and G alone, whatever else differs
      --leaves          every page for itself
      --tables          the tables instead of what they map

    EXAMPLE
      The lower half of the first program, and what is both writable and executable:

          (kdbg) map ..0x800000000000
          CR3 0x30b000, four levels
            0x0000000010000000-0x0000000010000fff       4 KiB  r-x user         WB    1 x 4 KiB       at 0x30f000
            0x0000000010001000-0x0000000010001fff       4 KiB  r-- user         WB    1 x 4 KiB       at 0x313000
            0x0000000010002000-0x0000000010002fff       4 KiB  rw- user         WB    1 x 4 KiB       at 0x314000
            0x00007fffefff0000-0x00007fffefffffff      64 KiB  rw- user         WB    16 x 4 KiB      scattered
          19 pages of 4 KiB: 76 KiB in 4 regions; 7 tables read
          (kdbg) map w+x 0xffffc90000000000..0xffffff8000000000
          CR3 0x30b000, four levels
          no page: 0 bytes in 0 regions; 7 tables read
          (kdbg) map --tables 0xffffc90000000000..0xffffc98000000000
          CR3 0x30b000, four levels
            0x0000000000000000-0xffffffffffffffff  PML4 0x30b000         CR3        rwx user        6 of 512 entries present
            0xffffc90000000000-0xffffc97fffffffff  PDPT 0x30c000         PML4[402]  rwx supervisor  1 of 512 entries present
            0xffffc90000000000-0xffffc9003fffffff  PD 0x30d000           PDPT[0]    rwx supervisor  1 of 512 entries present
            0xffffc90000000000-0xffffc900001fffff  PT 0x30e000           PD[0]      rwx supervisor  4 of 512 entries present
          4 tables, 16 KiB

    JSON
      cr3       hex     the root table, with CR3's low bits
      items[]   object  in the order of the addresses; "kind" says which: pages, table, repetition, circle, reserved,
                        unreadable; each has "start" and "last"
      items[].rights      object  write, user, execute: what survives all levels
      items[].pages       number  of a region; of a repetition an object, by page size, for each time
      items[].physical    hex     what the first page maps; null where the frames do not follow each other
      items[].memoryType  string  null where IA32_PAT is not known; cacheIndex is PAT, PCD and PWT
      items[].backing     string  memory, readOnlyMemory or none; null where it is not known
      levels    number  4 or 5
      totals    object  pages by size (repeatedPages of them by repetition), bytes, regions, tables, circles, reserved,
                        unreadable; complete is false when the list was cut short

    SEE ALSO
      walk, find, diff, pml4
    """#
  }
}
