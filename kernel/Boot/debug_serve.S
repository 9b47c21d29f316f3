/* The stack of the debugger's stub, and the way back to it after a fault. */
#include "unwinding.h"

    .section .text.entry, "ax", @progbits

/* void debug_serve(void): serves the debugger's client, on a stack that is the stub's alone. If the stub faults, the trap
 * handler makes debug_recover the frame's RIP: the frames of the stub are left behind, and the client gets an error. */
    .balign 16
    .global debug_serve
    .type debug_serve, @function
debug_serve:
    .cfi_startproc
    PUSH rbx
    PUSH rbp
    PUSH r12
    PUSH r13
    PUSH r14
    PUSH r15
    subq $8, %rsp
    movq %rsp, %rbp
    .cfi_def_cfa %rbp, 64
    movq %rsp, debug_recovery_stack(%rip)
    movq debug_stack_top(%rip), %rsp
    movl $1, %edi
    call kernel_debug_serve
1:  movq debug_recovery_stack(%rip), %rsp
    .cfi_remember_state
    .cfi_def_cfa %rsp, 64
    movq $0, debug_recovery_stack(%rip)
    addq $8, %rsp
    .cfi_adjust_cfa_offset -8
    POP r15
    POP r14
    POP r13
    POP r12
    POP rbp
    POP rbx
    ret
    .global debug_recover
debug_recover:
    .cfi_restore_state
    movq debug_recovery_stack(%rip), %rbp
    movq debug_stack_top(%rip), %rsp
    xorl %edi, %edi
    call kernel_debug_serve
    jmp 1b
    .cfi_endproc
    .size debug_serve, . - debug_serve

    .section .note.GNU-stack, "", @progbits
