/* Where the kernel starts a program: an empty stack, registers zero. */
    .section .text.start, "ax", @progbits
    .global _start
    .type _start, @function
_start:
    .cfi_sections .debug_frame
    .cfi_startproc
    .cfi_undefined %rip
    xorl %ebp, %ebp
    call main
    movl %eax, %edi
    xorl %eax, %eax          /* exit(status) */
    int $0x80
    ud2
    .cfi_endproc
    .size _start, . - _start

    .section .note.GNU-stack, "", @progbits
