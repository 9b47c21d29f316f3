/* The four functions that compilers call on their own. In assembly, because Swift's memset would call itself. */

    .text
    .balign 16
    .global memcpy
    .type memcpy, @function
memcpy:
    movq %rdi, %rax
    movq %rdx, %rcx
    rep movsb
    ret
    .size memcpy, . - memcpy

    .balign 16
    .global memmove
    .type memmove, @function
memmove:
    movq %rdi, %rax
    movq %rdx, %rcx
    /* Backwards only where the destination starts inside the source. */
    movq %rdi, %r8
    subq %rsi, %r8
    cmpq %rdx, %r8
    jb 1f
    rep movsb
    ret
1:  leaq -1(%rsi, %rdx), %rsi
    leaq -1(%rdi, %rdx), %rdi
    std
    rep movsb
    cld
    ret
    .size memmove, . - memmove

    .balign 16
    .global memset
    .type memset, @function
memset:
    movq %rdi, %r8
    movzbl %sil, %eax
    movq %rdx, %rcx
    rep stosb
    movq %r8, %rax
    ret
    .size memset, . - memset

    .balign 16
    .global memcmp
    .type memcmp, @function
memcmp:
    movq %rdx, %rcx
    xorl %eax, %eax
    cmpq %rax, %rcx       /* equal where there is nothing to compare */
    repe cmpsb
    je 1f
    movzbl -1(%rdi), %eax
    movzbl -1(%rsi), %edx
    subl %edx, %eax
1:  ret
    .size memcmp, . - memcmp

    .section .note.GNU-stack, "", @progbits
