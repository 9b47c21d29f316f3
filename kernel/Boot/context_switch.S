/* From one kernel-side context to another. */
#include "kernel_context.h"
#include "return_audit.h"
#include "unwinding.h"

    .section .text.entry, "ax", @progbits

/* void switch_context(struct kernel_context *from, const struct kernel_context *to, uint64_t cr3)
 *
 * Leaves one kernel stack and takes another under another table. Between the two stacks stands the exit stack,
 * which every table maps, so that RSP is mapped at every instruction: an NMI may come at any of them. */
    .balign 16
    .global switch_context
    .type switch_context, @function
switch_context:
    .cfi_startproc
    movq (%rsp), %rax
    movq %rax, CONTEXT_RIP(%rdi)
    leaq 8(%rsp), %rax    /* as it is after the return */
    movq %rax, CONTEXT_RSP(%rdi)
    movq %rbx, CONTEXT_RBX(%rdi)
    movq %rbp, CONTEXT_RBP(%rdi)
    movq %r12, CONTEXT_R12(%rdi)
    movq %r13, CONTEXT_R13(%rdi)
    movq %r14, CONTEXT_R14(%rdi)
    movq %r15, CONTEXT_R15(%rdi)
    CFI_SAVED_CFA DWARF_RDI
    movq return_path + RETURN_STACK_TOP(%rip), %rsp
    movq %rdx, %cr3
    CFI_SAVED_CFA DWARF_RSI
    CFI_SAVED DWARF_RIP, DWARF_RSI, CONTEXT_RIP
    CFI_SAVED DWARF_RBX, DWARF_RSI, CONTEXT_RBX
    CFI_SAVED DWARF_RBP, DWARF_RSI, CONTEXT_RBP
    CFI_SAVED DWARF_R12, DWARF_RSI, CONTEXT_R12
    CFI_SAVED DWARF_R13, DWARF_RSI, CONTEXT_R13
    CFI_SAVED DWARF_R14, DWARF_RSI, CONTEXT_R14
    CFI_SAVED DWARF_R15, DWARF_RSI, CONTEXT_R15
    movq CONTEXT_RBX(%rsi), %rbx
    movq CONTEXT_RBP(%rsi), %rbp
    movq CONTEXT_R12(%rsi), %r12
    movq CONTEXT_R13(%rsi), %r13
    movq CONTEXT_R14(%rsi), %r14
    movq CONTEXT_R15(%rsi), %r15
    movq CONTEXT_RSP(%rsi), %rsp
    jmp *CONTEXT_RIP(%rsi)
    .cfi_endproc
    .size switch_context, . - switch_context

    .section .note.GNU-stack, "", @progbits
