/* The parts of the boot option `fault=` that no Swift can be: an exit that is wrong on purpose, a handler that stands
 * alone on its page, and a stack that is used up. */
#include "fault_paths.h"
#include "trap_frame.h"
#include "unwinding.h"

#define SYSTEM_CALL_VECTOR 0x80

    .section .text.fault_paths, "ax", @progbits

/* void fault_return(const struct trap_frame *frame, const struct fault_exit *exit)
 *
 * The last flags that are set are those of `exit`: nothing behind popfq changes one that matters. */
    .balign 16
    .global fault_return
    .type fault_return, @function
fault_return:
    movq %rdi, %r15
    movq FAULT_EXIT_STACK_POINTER(%rsi), %r14
    movl FAULT_EXIT_IS_SYSTEM_RETURN(%rsi), %r13d
    movl FAULT_EXIT_SWAPS(%rsi), %ecx
    movq FAULT_EXIT_RFLAGS(%rsi), %r12
1:  testl %ecx, %ecx
    jz 2f
    swapgs
    decl %ecx
    jmp 1b
2:  movq TRAP_RAX(%r15), %rax
    movq TRAP_RBX(%r15), %rbx
    movq TRAP_RCX(%r15), %rcx
    movq TRAP_RDX(%r15), %rdx
    movq TRAP_RSI(%r15), %rsi
    movq TRAP_RDI(%r15), %rdi
    movq TRAP_RBP(%r15), %rbp
    movq TRAP_R8(%r15), %r8
    movq TRAP_R9(%r15), %r9
    movq TRAP_R10(%r15), %r10
    movq TRAP_R11(%r15), %r11
    pushq %r12
    popfq
    movq %r14, %rsp
    movq TRAP_R12(%r15), %r12
    movq TRAP_R14(%r15), %r14
    xchgq %rcx, %r13      /* a jump that reads no flag */
    jrcxz 3f
    xchgq %rcx, %r13
    movq TRAP_R13(%r15), %r13
    movq TRAP_R15(%r15), %r15
    jmp user_return_sysret
3:  xchgq %rcx, %r13
    movq TRAP_R13(%r15), %r13
    movq TRAP_R15(%r15), %r15
    jmp user_return
    .size fault_return, . - fault_return

/* void fault_recurse(void) */
    .balign 16
    .global fault_recurse
    .type fault_recurse, @function
fault_recurse:
    .cfi_startproc
    call fault_recurse
    ret
    .cfi_endproc
    .size fault_recurse, . - fault_recurse

/* void fault_touch(uint64_t address) */
    .balign 16
    .global fault_touch
    .type fault_touch, @function
fault_touch:
    .cfi_startproc
    lock orb $0, (%rdi)
    ret
    .cfi_endproc
    .size fault_touch, . - fault_touch

/* Gate 0x80's handler under the faults of its page: nothing else stands there. */
    .section .text.fault_handler, "ax", @progbits
    .balign 4096
    .global fault_handler
    .type fault_handler, @function
fault_handler:
    jmp trap_stubs + 16 * SYSTEM_CALL_VECTOR
    .size fault_handler, . - fault_handler
    .balign 4096, 0xcc

    .section .bss.fault_state, "aw", @nobits
    .balign 8
    .global fault_state
    .type fault_state, @object
    .size fault_state, 8
fault_state:
    .skip 8

/* Room for an IDT that straddles two pages. */
    .section .bss.fault_pages, "aw", @nobits
    .balign 4096
    .global fault_pages
    .type fault_pages, @object
    .size fault_pages, 8192
fault_pages:
    .skip 8192

    .section .note.GNU-stack, "", @progbits
