/* The four functions that compilers call on their own. In assembly, because Swift's memset would call itself.
 * Whole qwords first: an emulator executes a string instruction element by element. */
    .cfi_sections .debug_frame

    .text
    .balign 16
    .global memcpy
    .type memcpy, @function
memcpy:
    .cfi_startproc
    movq %rdi, %rax
    movq %rdx, %rcx
    shrq $3, %rcx
    rep movsq
    movl %edx, %ecx
    andl $7, %ecx
    rep movsb
    ret
    .cfi_endproc
    .size memcpy, . - memcpy

    .balign 16
    .global memmove
    .type memmove, @function
memmove:
    .cfi_startproc
    movq %rdi, %rax
    movq %rdx, %rcx
    /* Backwards only where the destination starts inside the source. */
    movq %rdi, %r8
    subq %rsi, %r8
    cmpq %rdx, %r8
    jae memcpy
    leaq -1(%rsi, %rdx), %rsi
    leaq -1(%rdi, %rdx), %rdi
    std
    rep movsb
    cld
    ret
    .cfi_endproc
    .size memmove, . - memmove

    .balign 16
    .global memset
    .type memset, @function
memset:
    .cfi_startproc
    movq %rdi, %r8
    movzbl %sil, %ecx
    movabsq $0x0101010101010101, %rax
    imulq %rcx, %rax
    movq %rdx, %rcx
    shrq $3, %rcx
    rep stosq
    movl %edx, %ecx
    andl $7, %ecx
    rep stosb
    movq %r8, %rax
    ret
    .cfi_endproc
    .size memset, . - memset

    .balign 16
    .global memcmp
    .type memcmp, @function
memcmp:
    .cfi_startproc
    movq %rdx, %rcx
    xorl %eax, %eax
    cmpq %rax, %rcx       /* equal where there is nothing to compare */
    repe cmpsb
    je 1f
    movzbl -1(%rdi), %eax
    movzbl -1(%rsi), %edx
    subl %edx, %eax
1:  ret
    .cfi_endproc
    .size memcmp, . - memcmp

    .section .note.GNU-stack, "", @progbits
