extension BacktraceCommand {
  var manual: Manual {
    #"""
    DESCRIPTION
      Lists the frames of the stack, the innermost first, and goes on through exception frames into what was interrupted,
      kernel or Ring 3. Frames are found by call-frame information, else by frame pointers, else by words that look like
      an exception frame, which is said to be a guess. Memory is read under the loaded CR3.

    OPTIONS
      COUNT  this many frames at the most, 100 unless given
      full   changes nothing: gdb adds local variables, which kdbg does not know

    EXAMPLE
      In the handler of the first system call:

          $ kdbg run build/kernel.elf
          Before a return to Ring 3, 0xffffffff8010e139 in return_to_user+0x129 at trap_stubs.S:321
          => 0xffffffff8010e139 <return_to_user+0x129>:	iretq
          1 return to Ring 3 checked at 1 site, all held
          (kdbg) catch vector 0x80
          Catching vector 0x80 at 0xffffffff8010b800: trap_stubs+0x800
          (kdbg) continue
          Caught vector 0x80, 0xffffffff8010b800 in trap_stubs+0x800 at trap_stubs.S:30
          => 0xffffffff8010b800 <trap_stubs+0x800>:	push 0
          (kdbg) tbreak kernel_trap
          Temporary breakpoint 1 at 0xffffffff80182b80: kernel_trap
          (kdbg) continue
          Temporary breakpoint 1, 0xffffffff80182b80 in kernel_trap at Traps.swift:13
          => 0xffffffff80182b80 <kernel_trap>:	push rbp
          (kdbg) backtrace
          #0  0xffffffff80182b80 in kernel_trap at Traps.swift:13
          #1  0xffffffff8010c042 in trap_common at trap_stubs.S:120
              exception frame at 0xffffc90000004fd8 from Ring 3
          #2  0x000000001000001b in ??

    JSON
      frames[].address           hex          RIP: of the next instruction, or the return address
      frames[].stackPointer      hex|null     RSP
      frames[].ring              number       0 or 3
      frames[].symbol            string|null  with the offset
      frames[].origin            string       processor, callFrameInformation, returnAddress, framePointer, exceptionFrame or systemCall
      frames[].exceptionFrame    object|null  address, evidence (callFrameInformation, processor, stackTop or words), vector
      frames[].functions[].name  string       the innermost first; several where one was inlined
      frames[].functions[].file  string|null  with line
      frames[].trap              string|null  the Swift runtime failure that the instruction is
      end                        string       outermost, noFramePointer, limit, unreadable, wildReturnAddress, unknown, loop or damagedInformation
      endText                    string|null  the same in words

    SEE ALSO
      frame, info
    """#
  }
}
