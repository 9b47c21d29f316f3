extension InterruptTableCommand {
  var manual: Manual {
    #"""
    DESCRIPTION
      Lists the gates between IDTR's base and limit: handler, code segment, DPL, IST, kind, and whether the kernel can
      execute the handler's page now, under the loaded table and with SMEP as it is. Neighbours that are alike share a
      line, but the architecture's own vectors have one each.

    OPTIONS
      --cr3 VALUE  the gates and their handlers' pages as they are mapped under this root table

    EXAMPLE
          (kdbg) idt
          IDT at 0xffffffff801a4000  limit 0xfff, 256 gates
            0x00 #DE   0xffffffff8010b000  cs 0x8  DPL 0        interrupt gate  trap_stubs
            0x01 #DB   0xffffffff8010b010  cs 0x8  DPL 0  IST4  interrupt gate  trap_stubs+0x10
            0x02 NMI   0xffffffff8010b020  cs 0x8  DPL 0  IST2  interrupt gate  trap_stubs+0x20
            0x03 #BP   0xffffffff8010b030  cs 0x8  DPL 3  IST6  interrupt gate  trap_stubs+0x30
            0x04 #OF   0xffffffff8010b040  cs 0x8  DPL 3        interrupt gate  trap_stubs+0x40
            0x05 #BR   0xffffffff8010b050  cs 0x8  DPL 0        interrupt gate  trap_stubs+0x50
            0x06 #UD   0xffffffff8010b060  cs 0x8  DPL 0        interrupt gate  trap_stubs+0x60
            0x07 #NM   0xffffffff8010b070  cs 0x8  DPL 0        interrupt gate  trap_stubs+0x70
            0x08 #DF   0xffffffff8010b080  cs 0x8  DPL 0  IST1  interrupt gate  trap_stubs+0x80
            0x09       0xffffffff8010b090  cs 0x8  DPL 0        interrupt gate  trap_stubs+0x90
            0x0a #TS   0xffffffff8010b0a0  cs 0x8  DPL 0        interrupt gate  trap_stubs+0xa0
            0x0b #NP   0xffffffff8010b0b0  cs 0x8  DPL 0        interrupt gate  trap_stubs+0xb0
            0x0c #SS   0xffffffff8010b0c0  cs 0x8  DPL 0        interrupt gate  trap_stubs+0xc0
            0x0d #GP   0xffffffff8010b0d0  cs 0x8  DPL 0        interrupt gate  trap_stubs+0xd0
            0x0e #PF   0xffffffff8010b0e0  cs 0x8  DPL 0        interrupt gate  trap_stubs+0xe0
            0x0f       0xffffffff8010b0f0  cs 0x8  DPL 0        interrupt gate  trap_stubs+0xf0
            0x10 #MF   0xffffffff8010b100  cs 0x8  DPL 0        interrupt gate  trap_stubs+0x100
            0x11 #AC   0xffffffff8010b110  cs 0x8  DPL 0        interrupt gate  trap_stubs+0x110
            0x12 #MC   0xffffffff8010b120  cs 0x8  DPL 0  IST3  interrupt gate  trap_stubs+0x120
            0x13 #XM   0xffffffff8010b130  cs 0x8  DPL 0        interrupt gate  trap_stubs+0x130
            0x14 #VE   0xffffffff8010b140  cs 0x8  DPL 0        interrupt gate  trap_stubs+0x140
            0x15 #CP   0xffffffff8010b150  cs 0x8  DPL 0        interrupt gate  trap_stubs+0x150
            0x16       0xffffffff8010b160  cs 0x8  DPL 0        interrupt gate  trap_stubs+0x160
            0x17       0xffffffff8010b170  cs 0x8  DPL 0        interrupt gate  trap_stubs+0x170
            0x18       0xffffffff8010b180  cs 0x8  DPL 0        interrupt gate  trap_stubs+0x180
            0x19       0xffffffff8010b190  cs 0x8  DPL 0        interrupt gate  trap_stubs+0x190
            0x1a       0xffffffff8010b1a0  cs 0x8  DPL 0        interrupt gate  trap_stubs+0x1a0
            0x1b       0xffffffff8010b1b0  cs 0x8  DPL 0        interrupt gate  trap_stubs+0x1b0
            0x1c #HV   0xffffffff8010b1c0  cs 0x8  DPL 0        interrupt gate  trap_stubs+0x1c0
            0x1d #VC   0xffffffff8010b1d0  cs 0x8  DPL 0        interrupt gate  trap_stubs+0x1d0
            0x1e #SX   0xffffffff8010b1e0  cs 0x8  DPL 0        interrupt gate  trap_stubs+0x1e0
            0x1f       0xffffffff8010b1f0  cs 0x8  DPL 0        interrupt gate  trap_stubs+0x1f0
            0x20-0x7f  0xffffffff8010b200  cs 0x8  DPL 0        interrupt gate  trap_stubs+0x200, every 0x10
            0x80       0xffffffff8010b800  cs 0x8  DPL 3        interrupt gate  trap_stubs+0x800
            0x81-0xff  0xffffffff8010b810  cs 0x8  DPL 0        interrupt gate  trap_stubs+0x810, every 0x10
            every handler's page is executable under the loaded table

    JSON
      cr3  hex|null  the root table of --cr3

    SEE ALSO
      gdt, tss, catch
    """#
  }
}
