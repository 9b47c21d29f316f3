extension DisplayCommand {
  var manual: Manual {
    #"""
    DESCRIPTION
      display shows an expression now and below every stop, until undisplay takes it away; without an expression it shows all
      of them now, and "info display" lists them. What cannot be evaluated at a stop says why there, and stays. Nothing is
      shown where the machine has ended.

    OPTIONS
      /FORMAT  as print takes it; with i or s, a count or a width as x takes it, and then memory at the address is shown

    EXAMPLE
          $ kdbg run build/kernel.elf
          Before a return to Ring 3, 0xffffffff8010e139 in return_to_user+0x129 at trap_stubs.S:321
          => 0xffffffff8010e139 <return_to_user+0x129>:	iretq
          1 return to Ring 3 checked at 1 site, all held
          (kdbg) display/i $pc
          1: x/i $pc
          => 0xffffffff8010e139 <return_to_user+0x129>:	iretq
          (kdbg) display/x $rsp
          2: /x $rsp = 0xffffc980000fefd8
          (kdbg) stepi
          => 0x10000000:	push rsi
          1: x/i $pc
          => 0x10000000:	push rsi
          2: /x $rsp = 0x7ffff0000000
          (kdbg) info display
          1: x/i $pc
          2: /x $rsp
          (kdbg) undisplay 1
          2: /x $rsp

    JSON
      displays[].number      number       its number
      displays[].expression  string       as it was typed
      displays[].format      string|null  what stood behind the slash
      displays[].value       hex          the value; with the members of x instead where memory is shown
      displays[].error       string       why it cannot be shown now

    SEE ALSO
      print, x, info
    """#
  }
}

extension UndisplayCommand {
  var manual: Manual { DisplayCommand().manual }
}
