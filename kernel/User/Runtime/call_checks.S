/* System calls with every register full: what comes back, and what does not.
 *
 * uint64_t registers_after_interrupt(uint64_t number)     by `int 0x80`
 * uint64_t registers_after_syscall(uint64_t number)       by `syscall`
 *
 * Returns a bit for each register that was not as it should be, numbered as instructions number them (rax 0, rcx 1, rdx
 * 2, rbx 3, rsp 4, rbp 5, rsi 6, rdi 7, r8 ... r15). After `syscall` RCX must be the address of the next instruction and R11
 * the flags. RAX is the call's result and is kept in `last_call_result`. */
#define PATTERN(number) (0x5a5a0000 + 0x101 * (number))

    .section .bss
    .balign 8
    .global last_call_result
last_call_result: .skip 8
saved_stack: .skip 8
flags_before: .skip 8

    .section .text
.macro CHECK_REGISTER register, number
    cmpq $PATTERN(\number), %\register
    je 88f
    orq $(1 << \number), saved_mask
88:
.endm

    .section .bss
saved_mask: .skip 8
    .section .text

.macro FILL_AND_CALL instruction:vararg
    pushq %rbx
    pushq %rbp
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rdi, %rax
    movq $0, saved_mask
    movq %rsp, saved_stack
    movq $PATTERN(1), %rcx
    movq $PATTERN(2), %rdx
    movq $PATTERN(3), %rbx
    movq $PATTERN(5), %rbp
    movq $PATTERN(6), %rsi
    movq $PATTERN(7), %rdi
    movq $PATTERN(8), %r8
    movq $PATTERN(9), %r9
    movq $PATTERN(10), %r10
    movq $PATTERN(11), %r11
    movq $PATTERN(12), %r12
    movq $PATTERN(13), %r13
    movq $PATTERN(14), %r14
    movq $PATTERN(15), %r15
    pushfq
    popq flags_before
    \instruction
77: movq %rax, last_call_result
    CHECK_REGISTER rdx, 2
    CHECK_REGISTER rbx, 3
    CHECK_REGISTER rbp, 5
    CHECK_REGISTER rsi, 6
    CHECK_REGISTER rdi, 7
    CHECK_REGISTER r8, 8
    CHECK_REGISTER r9, 9
    CHECK_REGISTER r10, 10
    CHECK_REGISTER r12, 12
    CHECK_REGISTER r13, 13
    CHECK_REGISTER r14, 14
    CHECK_REGISTER r15, 15
    cmpq %rsp, saved_stack
    je 1f
    orq $(1 << 4), saved_mask
    movq saved_stack, %rsp
1:
.endm

.macro LEAVE
    movq saved_mask, %rax
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbp
    popq %rbx
    ret
.endm

    .global registers_after_interrupt
    .type registers_after_interrupt, @function
registers_after_interrupt:
    FILL_AND_CALL int $0x80
    CHECK_REGISTER rcx, 1
    CHECK_REGISTER r11, 11
    LEAVE
    .size registers_after_interrupt, . - registers_after_interrupt

    .global registers_after_syscall
    .type registers_after_syscall, @function
registers_after_syscall:
    FILL_AND_CALL syscall
    cmpq $77b, %rcx
    je 2f
    orq $(1 << 1), saved_mask
2:  cmpq flags_before, %r11
    je 3f
    orq $(1 << 11), saved_mask
3:  LEAVE
    .size registers_after_syscall, . - registers_after_syscall

/* uint64_t flags_after_syscall(uint64_t odd): sets `odd` in RFLAGS and makes getpid() by `syscall`; the flags behind it. */
    .global flags_after_syscall
    .type flags_after_syscall, @function
flags_after_syscall:
    movl $39, %eax
    pushfq
    orq %rdi, (%rsp)
    popfq
    syscall
    pushfq
    popq %rax
    pushq $2
    popfq
    ret
    .size flags_after_syscall, . - flags_after_syscall

/* int64_t call_on_stack(uint64_t stack, uint64_t by_syscall): getpid() with RSP = `stack`. */
    .global call_on_stack
    .type call_on_stack, @function
call_on_stack:
    movl $39, %eax
    movq %rsp, %rdx
    movq %rdi, %rsp
    testq %rsi, %rsi
    jnz 1f
    int $0x80
    jmp 2f
1:  syscall
2:  movq %rdx, %rsp
    ret
    .size call_on_stack, . - call_on_stack

    .section .note.GNU-stack, "", @progbits
