extension SetCommand {
  var manual: Manual {
    #"""
    DESCRIPTION
      Writes what an expression names (see print): a register of the selected processor, whole or in part, or an integer in
      memory. *ADDRESS is eight bytes, {u8} to {u64} ADDRESS are 1 to 8; with "physical" behind the type the address is one of
      physical memory. gdb's "set variable" and *(u32 *) ADDRESS work too. Memory is written under the loaded CR3 whatever its
      rights. The answer is what stands there afterwards: a target may keep only a part, and then it says so.

    EXAMPLE
          $ kdbg run build/kernel.elf --no-check
          Before a return to Ring 3, 0xffffffff8010e139 in return_to_user+0x129 at trap_stubs.S:321
          => 0xffffffff8010e139 <return_to_user+0x129>:	iretq
          (kdbg) set $rax = $rax + 1
          $rax = 0x1
          (kdbg) set $al = 0xff
          $al = 0xff
          (kdbg) set {u32} ($rsp - 64) = 0x12345678
          {u32} ($rsp - 64) = 0x12345678
          (kdbg) x/2wx $rsp - 64
          0xffffc980000fef98:	0x12345678	0x00000000
          (kdbg) set {u8 physical} 0x1000 = 7
          {u8 physical} 0x1000 = 0x7
          (kdbg) print {u8 physical} 0x1000
          0x7 (7)

    JSON
      place   string  what was written, as it was typed
      wanted  string  the value, cut to the size of the place
      value   string  what stands there now

    SEE ALSO
      print, x, xp
    """#
  }
}
