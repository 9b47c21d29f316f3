extension AuditCommand {
  var manual: Manual {
    #"""
    DESCRIPTION
      Asks every rule of a return to Ring 3 of the machine as it stands. Each rule has a number (RT-001...) and comes out as
      held, violated, not checked or skipped; docs/INVARIANTS-CATALOGUE.md lists them. Where no return instruction stands
      the rules about the return, its frame and the registers before it are skipped; in Ring 0 also those about locks,
      CR8, GS and the current thread, which a kernel puts right only then. The others are asked everywhere.

    OPTIONS
      --cr3 VALUE       under another root table than the loaded one
      --rules LIST      these alone: RT-026,RT-040..RT-049
      --severity LEAST  fatal, security or hygiene: rules that weigh less are left out
      --scope WHICH     return: what is asked at each return; change: and what is asked when registers have changed; all
                        (the default): and what reads whole tables

    EXAMPLE
          $ kdbg run build/kernel.elf --fault rsp0-pml4 --no-check
          ...
          (kdbg) audit --severity fatal
          audit at 0xffffffff8010e139 <return_to_user+0x129>
          violated
            RT-026  RSP0-frame-pages-writable  fatal: 0xffffc90000004ff8 is not mapped for supervisor writes in CR3 0x30b000: PML4[402] is not present; next entry raises #PF (error 0x2, CR2 0xffffc90000004ff8)
            RT-028  handler-headroom           follows from RT-026: fatal: 0xffffc90000004ff8 is not mapped for supervisor writes in CR3 0x30b000: PML4[402] is not present; next entry raises #PF (error 0x2, CR2 0xffffc90000004ff8)
            RT-132  syscall-stack-source       follows from RT-026, RT-028: fatal: 0xffffc90000004ff8 is not mapped for supervisor writes in CR3 0x30b000: PML4[402] is not present; SYSCALL raises #PF (error 0x2, CR2 0xffffc90000004ff8)
          not checked
            RSP0 names no mapped stack  RT-032
          skipped
            there is one processor                      RT-047 RT-170..RT-172 RT-174..RT-176
            entries begin under the kernel's own table  RT-073
            the return is an iretq                      RT-126 RT-129
            the feature is off                          RT-147 RT-148
          46 held, 3 violated, 1 not checked, 12 skipped

    SEE ALSO
      check, explain
    """#
  }
}
