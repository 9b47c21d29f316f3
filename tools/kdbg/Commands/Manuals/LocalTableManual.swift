extension LocalTableCommand {
  var manual: Manual {
    #"""
    DESCRIPTION
      Lists the descriptors of the table that LDTR names, as gdt does. Most 64-bit kernels have none.

    OPTIONS
      --cr3 VALUE  as the table is mapped under this root table

    EXAMPLE
          (kdbg) ldt
          LDTR holds the null selector: there is no local descriptor table

    SEE ALSO
      gdt, idt, tss
    """#
  }
}
