extension CheckCommand {
  var manual: Manual {
    #"""
    DESCRIPTION
      Audits every return to Ring 3 while the machine runs, and stops before one that breaks a rule. It needs the kernel's
      ELF file, in which the iretq and sysretq instructions are found.

      In the mode sample=N the machine stops at every return and audits one in N, the first one included.

      In the mode changes it stops at a return only when something has changed: behind a load of CR3, of a control, table or
      model-specific register, and behind a write to the TSS, the GDT, the IDT or a page-table entry that the last audits
      stood on. Loads are found in the kernel's file; writes are watched at the addresses of the upper half where the kernel
      maps what is written. Nobody sees what only one return has, its frame and registers; nor a write by a device, through a
      mapping that is made later, or to what the kernel does not map. It follows one processor. Targets other than QEMU's
      translator have four debug registers: they watch RSP0 and the last entries of its stack's path. A kernel that loads CR3
      on each way out, as with page-table isolation, stops more often than without the mode.

    OPTIONS
      on      from here on; a machine that stands at a return is audited at once
      MODE    every, changes or sample=N, behind "on"; the mode before it unless given, which is every at first
      off     no longer
      status  how many returns were audited, and at how many instructions; the same without a word
      cost    what the audits of this session cost

    EXAMPLE
          $ kdbg run build/kernel.elf --fault rsp0-pte --stop reset --no-check
          => 0xfffffff0:	ljmp 0xf000:0xe05b
          (kdbg) check on
          The check is on.
            return              by       in                    to Ring 3  to Ring 0
            0xffffffff8010c06b  iretq    trap_common+0x6b              0          0
            0xffffffff8010e139  iretq    return_to_user+0x129          0          0
            0xffffffff8010e1b8  sysretq  return_to_user+0x1a8          0          0
          (kdbg) continue
          VIOLATION before the return to Ring 3 at 0x10000000, process 1
          RT-026 RSP0-frame-pages-writable: the kernel stack page 0xffffc90000004000 is not mapped in CR3 0x30b000 of process 1: PT[4] is not present.
          ...
          1 return to Ring 3 checked at 1 site, the last one violates a rule

    SEE ALSO
      audit, explain, continue
    """#
  }
}
