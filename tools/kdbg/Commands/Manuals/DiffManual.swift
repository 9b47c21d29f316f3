extension DiffCommand {
  var manual: Manual {
    #"""
    DESCRIPTION
      Compares what two root tables translate: what is mapped under one alone, what leads to other memory, and what has
      other rights, another memory type or another G. Each line says at which entry the two part, with the entry's value
      on either side. How it is mapped makes no difference: a large page and the small ones that map the same are alike.
      Neighbouring pages of one size that differ in the same way are one line: PD[3..17] are 15 entries of one table,
      with the values of the first.
      Tables that both name, under entries that leave the same rights, are passed without being read.

      With --kernel-half alone it holds every known address space (see spaces) against one: that which the configuration
      names as the reference, or the kernel as its own, or else the loaded one. Entries of the root table which the
      kernel declares to be each process's own are named and do not count. Of a space that differs 16 lines are shown.
      Where the kernel's processes are known, a table that was loaded once and is none of theirs is not compared.

    OPTIONS
      CR3            one root table, which is compared with the loaded one, or two
      --kernel-half  the upper half alone; without a CR3: is it the same everywhere?

    EXAMPLE
      The first process against the kernel's own table:

          (kdbg) diff *(ringside_debugger_table+16) --kernel-half
          CR3 0x30c000 and 0x209000, the kernel half
          they translate every address alike
          (kdbg) diff *(ringside_debugger_table+16)
          CR3 0x30c000 and 0x209000
            0x0000000010000000-0x0000000010000fff       4 KiB  only under 0x30c000: r-x user  part at PML4[0]: 0x311007 | not present
            0x0000000010001000-0x0000000010001fff       4 KiB  only under 0x30c000: r-- user  part at PML4[0]: 0x311007 | not present
            0x0000000010002000-0x0000000010002fff       4 KiB  only under 0x30c000: rw- user  part at PML4[0]: 0x311007 | not present
            0x00007fffefff0000-0x00007fffefffffff      64 KiB  only under 0x30c000: rw- user  part at PML4[255]: 0x317007 | not present
          76 KiB only under 0x30c000

      Every address space against the kernel's own:

          (kdbg) diff --kernel-half
          the others' kernel half against that of CR3 0x20c000, the kernel's own
            CR3 0x30f000, loaded on processor 0, process 1 (ready), loaded at 1 stop: agrees; PML4[402] is its own (declared private)
          ...
          the kernel half is the same in 2 address spaces, but for what is declared private

    JSON
      first, second  hex     the two root tables; second is null where one is compared with all
      half           string  both or kernel
      same           bool    null when the comparison was cut short, or there is nothing to compare
      items[]        object  start, last; kind: onlyFirst, onlySecond, otherMemory, otherRights, malformed, unreadable,
                             again (the same pair of tables as before, with what "differs")
      items[].first, items[].second  object  rights, global, cacheIndex; null where nothing is mapped
      items[].parting  object  level, index, the entry on either side, and "entries": how many, from this one on, differ
                             alike; null for tables that were compared before
      items[].cr3    hex     where one is compared with all: the other
      spaces[]       object  then each other: the members of "spaces", same, totals, and privateEntries: the root
                             table's entries that are its own and declared to be
      unlisted[]     object  and there, as in "spaces": what is not compared
      totals         object  bytes by kind, as hexadecimal; faulty counts entries

    SEE ALSO
      map, pml4, spaces
    """#
  }
}
