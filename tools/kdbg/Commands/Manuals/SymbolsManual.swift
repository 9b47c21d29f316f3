extension SymbolsCommand {
  var manual: Manual {
    #"""
    DESCRIPTION
      Shows the files that names, lines and call-frame information come from. The first is the kernel's. A file for the
      lower half counts only while the bytes in memory are its own, since programs of Ring 3 lie over each other; the
      upper half is believed, because kernels patch themselves.

    OPTIONS
      list               the files; so does the command alone
      add FILE [OFFSET]  one more file, moved by OFFSET from where it was linked
      slide [OFFSET]     move the kernel's symbols, for a kernel that moved itself (KASLR); without OFFSET by as much as the
                         handlers in the live IDT stand away from the same code in the file

    EXAMPLE
      The kernel, the program that is about to run, and one that is not there yet:

          $ kdbg run build/kernel.elf --no-check --symbols build/programs/baseline --symbols build/programs/hello
          Before a return to Ring 3, 0xffffffff8010e139 in return_to_user+0x129 at trap_stubs.S:321
          => 0xffffffff8010e139 <return_to_user+0x129>:	iretq
          (kdbg) symbols slide
          Code                                    Moved by                        In memory        File
          0xffffffff8010a000..0xffffffff80194e36  0x0, by 32 handlers of the IDT  yes              build/kernel.elf
          0x10000000..0x100003aa                  0x0                             yes              build/programs/baseline
          0x10000000..0x10005d4c                  0x0                             no, other bytes  build/programs/hello

    JSON
      files[].file         string     as it was given
      files[].kernel       bool       true for the first
      files[].start        hex|null   the first address of its code in memory
      files[].end          hex|null   and the first behind it
      files[].slide        hex        by which it is moved
      files[].slideOrigin  string     assumed, given or handlers
      files[].present      bool|null  whether the code in memory is the file's; null where it cannot be read

    SEE ALSO
      add-symbol-file, symbol-file, info
    """#
  }
}

extension AddSymbolFileCommand {
  var manual: Manual {
    #"""
    DESCRIPTION
      Adds a file of symbols, as gdb's command of the same name does: a module of the kernel, or a program of Ring 3.

    OPTIONS
      TEXT-ADDRESS  where the file's .text lies in memory; where it was linked unless given
      -o OFFSET     the distance by which the whole file is moved

    EXAMPLE
          $ kdbg run build/kernel.elf
          Before a return to Ring 3, 0xffffffff8010e139 in return_to_user+0x129 at trap_stubs.S:321
          => 0xffffffff8010e139 <return_to_user+0x129>:	iretq
          1 return to Ring 3 checked at 1 site, all held
          (kdbg) info symbol 0x10000019
          No symbol matches 0x10000019.
          (kdbg) add-symbol-file build/programs/baseline
          Code                                    Moved by  In memory  File
          0xffffffff8010a000..0xffffffff801926d6  0x0       yes        build/kernel.elf
          0x10000000..0x100003aa                  0x0       yes        build/programs/baseline
          (kdbg) info symbol 0x10000019
          _start+0x19

    SEE ALSO
      symbols, symbol-file
    """#
  }
}

extension SymbolFileCommand {
  var manual: Manual {
    #"""
    DESCRIPTION
      Takes another file for the kernel's symbols; the files of modules and of programs stay. The check knows its sites
      from the kernel's file, so it must be off.

    OPTIONS
      -o OFFSET  the distance by which the file is moved from where it was linked

    EXAMPLE
          $ kdbg run build/kernel.elf --no-check
          Before a return to Ring 3, 0xffffffff8010e139 in return_to_user+0x129 at trap_stubs.S:321
          => 0xffffffff8010e139 <return_to_user+0x129>:	iretq
          (kdbg) symbol-file build/kernel.elf -o 0x1000
          Code                                    Moved by          In memory        File
          0xffffffff8010b000..0xffffffff80195e36  0x1000, as given  no, other bytes  build/kernel.elf

    SEE ALSO
      symbols, add-symbol-file
    """#
  }
}
