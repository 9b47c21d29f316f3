extension GlobalTableCommand {
  var manual: Manual {
    #"""
    DESCRIPTION
      Lists the descriptors between GDTR's base and limit: selector, raw value, kind, privilege level; base and limit where
      they count in 64-bit mode. A system descriptor is two words long, the second of which is shown with it.

    OPTIONS
      --cr3 VALUE  as the table is mapped under this root table

    EXAMPLE
          (kdbg) gdt
          GDT at 0xffffffff801a3000  limit 0x37
             0x0  0x0000000000000000  null
             0x8  0x00af9b000000ffff  64-bit code, DPL 0
            0x10  0x00cf93000000ffff  data, writable, DPL 0
            0x18  0x80008b1a90000067  64-bit TSS, busy, base 0xffffffff801a9000, limit 0x67
            0x28  0x00cff3000000ffff  data, writable, DPL 3
            0x30  0x00affb000000ffff  64-bit code, DPL 3

    JSON
      cr3  hex|null  the root table of --cr3

    SEE ALSO
      idt, tss
    """#
  }
}
