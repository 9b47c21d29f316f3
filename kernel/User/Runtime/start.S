/* Where the kernel starts a program: an empty stack, registers zero. */
    .section .text.start, "ax", @progbits
    .global _start
    .type _start, @function
_start:
    xorl %ebp, %ebp
    call main
    movl %eax, %edi
    xorl %eax, %eax          /* exit(status) */
    int $0x80
    ud2
    .size _start, . - _start

    .section .note.GNU-stack, "", @progbits
