extension WalkCommand {
  var manual: Manual {
    #"""
    DESCRIPTION
      Translates a linear address as the processor does: one row for each entry that is read, with the entry's place in
      its table, its physical address, its raw value and its flags in the manual's letters. The rights of a page are what
      every level grants; of a right that is missing the uppermost entry that takes it away is named. A walk that comes to
      no page says at which entry it ends, and why: not present, reserved bits that are set, or a table that cannot be read.

      The walk reads memory; the processor may still use a translation that it has cached.

    OPTIONS
      ADDRESS  an expression, as print takes it
      CR3      the root table, or a CR3 with its low bits; the loaded one unless given

    EXAMPLE
      The stack on which the kernel is about to return:

          (kdbg) walk $rsp
          0xffffc980000fefd8  under CR3 0x30b000
            PML4[403]  at 0x30bc98  0x0000000000212023  P W A       PDPT 0x212000
            PDPT[0]    at 0x212000  0x0000000000213023  P W A       PD 0x213000
            PD[0]      at 0x213000  0x0000000000214023  P W A       PT 0x214000
            PT[254]    at 0x2147f0  0x8000000000303063  P W A D NX  4 KiB page 0x303000
          mapped to physical 0x303fd8, 4 KiB page, rw- supervisor
          rights: supervisor by PML4[403], no-execute by PT[254]

    SEE ALSO
      pml4, cr3, x, print
    """#
  }
}
