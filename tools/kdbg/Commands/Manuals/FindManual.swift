extension FindCommand {
  var manual: Manual {
    #"""
    DESCRIPTION
      Lists every linear address that leads to a physical one, with the rights that survive all levels. Large pages count:
      the address inside of the page is given. A table that several entries name is listed once, and then as often as it
      comes in a row.

    OPTIONS
      PHYSICAL     the address, an expression
      --cr3 VALUE  under this root table instead of the loaded one
      --all        in every address space that is known: see spaces

    EXAMPLE
      Where the loaded root table can be reached:

          (kdbg) find $cr3
          physical 0x30f000
          CR3 0x30f000, loaded on processor 0, process 1 (ready), loaded at 1 stop
            0xffff80000030f000  rw- supervisor   2 MiB page
          1 address in 1 address space

    JSON
      physical  hex     the address
      backing   string  memory, readOnlyMemory or none; null where it is not known
      spaces[]  object  the address spaces, as spaces has them
      items[]   object  as map has them, with "cr3", and "address" for the address itself
      totals    object  complete is false when the list was cut short

    SEE ALSO
      map, spaces, xp
    """#
  }
}
