extension ExpectCommand {
  var manual: Manual {
    #"""
    DESCRIPTION
      Fails unless the last answer of a command says TEXT; in a script the exit status is 1 then. Any space in TEXT and in
      the answer is as good as any other, so that columns may move. Between slashes it is a regular expression, ^ and $ are
      the ends of a line. assert, expect and echo are no answers: several lines may look at the same one. With --json, too,
      it is the text that counts.

    OPTIONS
      --not      fails where the text is found
      --console  looks at what the guest has printed, the latest 64 KiB, and waits up to ten seconds for it; only where the
                 console comes to kdbg

    EXAMPLE
          (kdbg) walk 0xffffc90000000000
          0xffffc90000000000  under CR3 0x30b000
            PML4[402]  at 0x30bc90  0x000000000030c023  P W A  PDPT 0x30c000
            PDPT[0]    at 0x30c000  0x000000000030d023  P W A  PD 0x30d000
            PD[0]      at 0x30d000  0x000000000030e023  P W A  PT 0x30e000
            PT[0]      at 0x30e000  0x0000000000000000  -      not present
          not mapped: PT[0] is not present
          (kdbg) expect not present
          (kdbg) expect /^ *PT\[0\] .* not present$/
          (kdbg) expect --not user
          (kdbg) expect mapped to physical
          assertion failed: the last answer does not say: mapped to physical

    SEE ALSO
      assert, source
    """#
  }
}
