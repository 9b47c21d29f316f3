/* What the fake machine runs for a real debugger: a loop that counts, with a function to step into and back out of. */
    .text
    .globl _start
    .type _start, @function
_start:
    .cfi_startproc
    .cfi_undefined rip
    nop
again:
    call    count_up
    movq    counter(%rip), %rax
    jmp     again
    .cfi_endproc
    .size _start, . - _start

    .globl count_up
    .type count_up, @function
count_up:
    .cfi_startproc
    pushq   %rbp
    .cfi_def_cfa_offset 16
    .cfi_offset rbp, -16
    movq    %rsp, %rbp
    .cfi_def_cfa_register rbp
    movq    counter(%rip), %rax
    incq    %rax
    movq    %rax, counter(%rip)
    popq    %rbp
    .cfi_def_cfa rsp, 8
    ret
    .cfi_endproc
    .size count_up, . - count_up

    .balign 8
    .globl counter
    .type counter, @object
    .size counter, 8
counter:
    .quad 0
    .section .note.GNU-stack, "", @progbits
