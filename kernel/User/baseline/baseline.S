/* The baseline program: what the kernel runs first at every boot, and what must succeed before anything else does.
 *
 * In assembly, because the place of its first `int 0x80` is part of the test (0x10000019) and because it
 * checks every register. It is loaded at 0x10000000 with RDI = mode, RSI = nonce, and all other registers zero.
 *
 * It ends with 42 (direct), 43 (spin) or 44 (fork) when everything was as it should be, and otherwise with the
 * number of the check that failed, below 40.
 */
#define CALL_EXIT 0
#define CALL_WRITE 1
#define CALL_GET_TIME 4
#define CALL_FORK 5
#define CALL_WAIT 6
#define CALL_GETPID 39
#define CALL_UNKNOWN 999
#define ENOSYS_RESULT -38
#define EFAULT_RESULT -14

#define MODE_DIRECT 0
#define MODE_SPIN 1
#define STATUS_DIRECT 42
#define STATUS_SPIN 43
#define STATUS_FORK 44
#define STATUS_CHILD 45
#define ROUNDS 150
#define SPIN_MILLISECONDS 24
#define SPIN_ROUNDS 100000

/* Ends the program with `status` unless the condition of `jump` holds. */
.macro CHECK jump, status
    \jump 77f
    movl $\status, %edi
    jmp leave
77:
.endm

    .section .text
    .global _start
    .type _start, @function
_start:
    pushq %rsi                  /* 00: the nonce, kept on the stack */
    pushq %rdi                  /* 01: the mode */
    testl %edi, %edi            /* 02 */
    .byte 0x0f, 0x85            /* 04: jnz other_modes, in its long form so that what follows stays in place */
    .long other_modes - (. + 4)
    xorl %ebp, %ebp             /* 0a */
    pushq $CALL_WRITE           /* 0c */
    popq %rax                   /* 0e */
    movl %eax, %edi             /* 0f: descriptor 1 */
    movl $greeting, %esi        /* 11 */
    .byte 0x6a, greeting_end - greeting /* 16: push the count */
    popq %rdx                   /* 18 */
first_call:
    int $0x80                   /* 19 */
    .if first_call - _start - 0x19
    .error "the first int 0x80 must stand at 0x10000019"
    .endif
    cmpq $(greeting_end - greeting), %rax
    CHECK je, 1
    cmpq $1, %rdi
    CHECK je, 2
    cmpq $greeting, %rsi
    CHECK je, 3
    cmpq $(greeting_end - greeting), %rdx
    CHECK je, 4
    movq %rbx, %rax             /* the registers that were zero still are */
    orq %rcx, %rax
    orq %rbp, %rax
    orq %r8, %rax
    orq %r9, %rax
    orq %r10, %rax
    orq %r11, %rax
    orq %r12, %rax
    orq %r13, %rax
    orq %r14, %rax
    orq %r15, %rax
    CHECK jz, 5

    /* Many calls, every register full. */
    pushq $ROUNDS
1:  call fill_registers
    movl $CALL_GETPID, %eax
    int $0x80
    cmpq $1, %rax
    CHECK je, 6
    call check_registers
    decq (%rsp)
    jnz 1b
    popq %rax

    movl $CALL_UNKNOWN, %eax
    int $0x80
    cmpq $ENOSYS_RESULT, %rax
    CHECK je, 7

    movl $CALL_WRITE, %eax      /* a pointer of the kernel's: an error, and nothing else happens */
    movl $1, %edi
    movq $0xffffffff80100000, %rsi
    movl $8, %edx
    int $0x80
    cmpq $EFAULT_RESULT, %rax
    CHECK je, 8

    /* The nonce, in hexadecimal, built on the stack. */
    movq 8(%rsp), %rdx
    subq $32, %rsp
    movl $0x636e6f6e, (%rsp)    /* "nonc" */
    movw $0x2065, 4(%rsp)       /* "e " */
    leaq 6(%rsp), %rdi
    movl $16, %ecx
2:  rolq $4, %rdx
    movl %edx, %eax
    andl $15, %eax
    movb digits(%rax), %al
    stosb
    decl %ecx
    jnz 2b
    movb $10, (%rdi)
    movl $CALL_WRITE, %eax
    movl $1, %edi
    movq %rsp, %rsi
    movl $23, %edx
    int $0x80
    cmpq $23, %rax
    CHECK je, 9
    addq $32, %rsp
    cmpq $MODE_DIRECT, (%rsp)   /* the stack still holds what was pushed first */
    CHECK je, 10
    movl $STATUS_DIRECT, %edi

leave:
    movl $CALL_EXIT, %eax
    int $0x80
    ud2                         /* it does not come back */

other_modes:
    cmpl $MODE_SPIN, %edi
    jne fork_mode

    movl $CALL_GET_TIME, %eax
    int $0x80
    addq $SPIN_MILLISECONDS, %rax
    pushq %rax
3:  call fill_registers
    movl $SPIN_ROUNDS, %eax
4:  decl %eax                   /* the timer comes somewhere in here */
    jnz 4b
    call check_registers
    movl $CALL_GET_TIME, %eax
    int $0x80
    cmpq (%rsp), %rax
    jb 3b
    movl $STATUS_SPIN, %edi
    jmp leave

fork_mode:
    call fill_registers
    movl $CALL_FORK, %eax
    int $0x80
    pushq %rax
    call check_registers
    movq (%rsp), %rbx
    testq %rbx, %rbx
    jz in_child
    CHECK jns, 11
    subq $16, %rsp
    movl $CALL_WAIT, %eax
    movq %rbx, %rdi
    movq %rsp, %rsi
    int $0x80
    cmpq %rbx, %rax
    CHECK je, 12
    cmpl $STATUS_CHILD, (%rsp)
    CHECK je, 13
    cmpl $0, written_by_child   /* the child has memory of its own */
    CHECK je, 14
    movl $STATUS_FORK, %edi
    jmp leave
in_child:
    movl $1, written_by_child
    movl $STATUS_CHILD, %edi
    jmp leave

/* Every register but RSP and RAX gets a value of its own. */
fill_registers:
    movabsq $0x1101010101010101, %rbx
    movabsq $0x2202020202020202, %rcx
    movabsq $0x3303030303030303, %rdx
    movabsq $0x4404040404040404, %rsi
    movabsq $0x5505050505050505, %rdi
    movabsq $0x6606060606060606, %rbp
    movabsq $0x7707070707070707, %r8
    movabsq $0x8808080808080808, %r9
    movabsq $0x9909090909090909, %r10
    movabsq $0xaa0a0a0a0a0a0a0a, %r11
    movabsq $0xbb0b0b0b0b0b0b0b, %r12
    movabsq $0xcc0c0c0c0c0c0c0c, %r13
    movabsq $0xdd0d0d0d0d0d0d0d, %r14
    movabsq $0xee0e0e0e0e0e0e0e, %r15
    ret

.macro COMPARE register, value
    movabsq $\value, %rax
    cmpq %rax, \register
    jne 5f
.endm

check_registers:
    COMPARE %rbx, 0x1101010101010101
    COMPARE %rcx, 0x2202020202020202
    COMPARE %rdx, 0x3303030303030303
    COMPARE %rsi, 0x4404040404040404
    COMPARE %rdi, 0x5505050505050505
    COMPARE %rbp, 0x6606060606060606
    COMPARE %r8, 0x7707070707070707
    COMPARE %r9, 0x8808080808080808
    COMPARE %r10, 0x9909090909090909
    COMPARE %r11, 0xaa0a0a0a0a0a0a0a
    COMPARE %r12, 0xbb0b0b0b0b0b0b0b
    COMPARE %r13, 0xcc0c0c0c0c0c0c0c
    COMPARE %r14, 0xdd0d0d0d0d0d0d0d
    COMPARE %r15, 0xee0e0e0e0e0e0e0e
    ret
5:  movl $20, %edi
    jmp leave
    .size _start, . - _start

    .section .rodata
greeting:
    .ascii "Hello from userspace! (via Swift syscall handler)\n"
greeting_end:
digits:
    .ascii "0123456789abcdef"

    .section .data
    .balign 4
written_by_child:
    .long 0

    .section .note.GNU-stack, "", @progbits
