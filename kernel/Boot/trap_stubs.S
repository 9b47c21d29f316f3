/* The ways into the kernel and out of it again.
 *
 * In: 256 stubs of 16 bytes, one dispatcher. Every gate is an interrupt gate, so interrupts stay off until the
 * way out. Out to Ring 3: always by way of the exit stack, so that a kernel stack missing from the process's
 * table shows where the processor meets it, at the next entry, and not at this iretq.
 */
#include "kernel_context.h"
#include "return_audit.h"
#include "trap_frame.h"

#define RFLAGS_FIXED 0x2

    .section .text.entry, "ax", @progbits

/* The vectors for which the processor pushes an error code: 8, 10-14, 17, 21, 29, 30 (SDM Vol. 3A, table 6-1). */

    .balign 16
    .global trap_stubs
    .type trap_stubs, @function
trap_stubs:
    .set vector, 0
    .rept 256
    .balign 16
    .if vector < 32
        .if ((0x60227d00 >> vector) & 1) == 0
            pushq $0
        .endif
    .else
        pushq $0
    .endif
    pushq $vector
    .if vector >= 1 && vector <= 3
    jmp trap_debug
    .else
    jmp trap_common
    .endif
    .set vector, vector + 1
    .endr
    .balign 16
    .size trap_stubs, . - trap_stubs

/* RSP -> | vector | error code | RIP | CS | RFLAGS | RSP | SS |   (struct trap_frame, from TRAP_VECTOR)
 *
 * The processor aligned the frame to 16 before its five pushes, so RSP is 16-byte aligned afterwards: 22 words.
 * Delivery leaves Ring 3's AC and DF standing (SDM Vol. 3A, 6.14); the kernel runs with neither. */
.macro PUSH_FRAME
    pushq %rax
    pushq %rbx
    pushq %rcx
    pushq %rdx
    pushq %rsi
    pushq %rdi
    pushq %rbp
    pushq %r8
    pushq %r9
    pushq %r10
    pushq %r11
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    pushq $RFLAGS_FIXED
    popfq
    movq %rsp, %rdi
    xorl %ebp, %ebp
.endm

.macro POP_REGISTERS
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %r11
    popq %r10
    popq %r9
    popq %r8
    popq %rbp
    popq %rdi
    popq %rsi
    popq %rdx
    popq %rcx
    popq %rbx
    popq %rax
    addq $16, %rsp        /* vector and error code */
.endm

    .balign 16
    .type trap_common, @function
trap_common:
    PUSH_FRAME
    call kernel_trap
trap_return:
    testb $3, TRAP_CS(%rsp)
    jnz return_to_user
    POP_REGISTERS
    .global kernel_return
kernel_return:
    iretq
    .size trap_common, . - trap_common

/* #DB, NMI and #BP: no breakpoint is in while the kernel looks at one. */
    .balign 16
    .type trap_debug, @function
trap_debug:
    PUSH_FRAME
    call debug_disarm
    movq %rsp, %rdi
    call kernel_trap
    call debug_arm
    jmp trap_return
    .size trap_debug, . - trap_debug

/* void debug_trap(void): into the debugger. */
    .global debug_trap
    .type debug_trap, @function
debug_trap:
    int3
    ret
    .size debug_trap, . - debug_trap

/* The fast audit: the table, the stack pointer and the four entries of the stack's path are still those that were
 * audited whole. Nothing but memory and registers is believed. 27 instructions when nothing changed; uses RAX. */
.macro FAST_AUDIT failed
    movq %cr3, %rax
    cmpq return_path + RETURN_CR3(%rip), %rax
    jne \failed
    movq task_state_segment + 4(%rip), %rax
    cmpq return_path + RETURN_RSP0(%rip), %rax
    jne \failed
    .set entry, 0
    .rept RETURN_ENTRY_COUNT
    movq return_path + RETURN_ENTRIES + 16 * entry(%rip), %rax
    movq (%rax), %rax
    andq $RETURN_ENTRY_MASK, %rax
    cmpq return_path + RETURN_ENTRIES + 16 * entry + 8(%rip), %rax
    jne \failed
    .set entry, entry + 1
    .endr
.endm

/* The trap frame at R15, copied to the exit stack. */
.macro COPY_FRAME
    movl $(TRAP_BYTES / 8), %ecx
    subq $TRAP_BYTES, %rsp
    movq %r15, %rsi
    movq %rsp, %rdi
    rep movsq
.endm

/* void debug_serve(void): serves the debugger's client, on a stack that is the stub's alone. If the stub faults, the trap
 * handler makes debug_recover the frame's RIP: the frames of the stub are left behind, and the client gets an error. */
    .balign 16
    .global debug_serve
    .type debug_serve, @function
debug_serve:
    pushq %rbx
    pushq %rbp
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    subq $8, %rsp
    movq %rsp, debug_recovery_stack(%rip)
    movq debug_stack_top(%rip), %rsp
    movl $1, %edi
    call kernel_debug_serve
1:  movq debug_recovery_stack(%rip), %rsp
    movq $0, debug_recovery_stack(%rip)
    addq $8, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbp
    popq %rbx
    ret
    .global debug_recover
debug_recover:
    movq debug_stack_top(%rip), %rsp
    xorl %edi, %edi
    call kernel_debug_serve
    jmp 1b
    .size debug_serve, . - debug_serve

/* RSP = a trap frame on the process's kernel stack, interrupts off. A new process starts here too. */
    .balign 16
    .global return_to_user
    .type return_to_user, @function
return_to_user:
    movq %rsp, %r15
    movq return_path + RETURN_STACK_TOP(%rip), %rsp
    movl return_path + RETURN_MODE(%rip), %eax
    cmpl $RETURN_FAST, %eax
    ja return_full
    pushq TRAP_SS(%r15)
    pushq TRAP_RSP(%r15)
    pushq TRAP_RFLAGS(%r15)
    pushq TRAP_CS(%r15)
    pushq TRAP_RIP(%r15)
    jb 1f

    FAST_AUDIT return_audit_failed
1:  movq TRAP_RAX(%r15), %rax
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
    movq TRAP_R12(%r15), %r12
    movq TRAP_R13(%r15), %r13
    movq TRAP_R14(%r15), %r14
    movq TRAP_R15(%r15), %r15
    .global user_return
user_return:
    iretq                 /* RSP = exit stack top - 40: RIP, CS, RFLAGS, RSP, SS */

/* Something differs: the whole frame goes to the exit stack, and Swift says what it is. */
return_audit_failed:
    addq $40, %rsp
    COPY_FRAME
    jmp 3f

return_full:
    COPY_FRAME
    movq %rsp, %rdi
    call kernel_before_return
    testl %eax, %eax      /* not 0: the fast audit is on, and what was just injected must not escape it */
    jz 4f
    FAST_AUDIT 3f
    jmp 4f
3:  movq %rsp, %rdi
    call kernel_audit_failed
4:
    POP_REGISTERS
    jmp user_return
    .size return_to_user, . - return_to_user

/* void switch_context(struct kernel_context *from, const struct kernel_context *to, uint64_t cr3)
 *
 * Leaves one kernel stack and takes another under another table. Between the two stacks stands the exit stack,
 * which every table maps, so that RSP is mapped at every instruction: an NMI may come at any of them. */
    .balign 16
    .global switch_context
    .type switch_context, @function
switch_context:
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
    movq return_path + RETURN_STACK_TOP(%rip), %rsp
    movq %rdx, %cr3
    movq CONTEXT_RBX(%rsi), %rbx
    movq CONTEXT_RBP(%rsi), %rbp
    movq CONTEXT_R12(%rsi), %r12
    movq CONTEXT_R13(%rsi), %r13
    movq CONTEXT_R14(%rsi), %r14
    movq CONTEXT_R15(%rsi), %r15
    movq CONTEXT_RSP(%rsi), %rsp
    jmp *CONTEXT_RIP(%rsi)
    .size switch_context, . - switch_context

    .section .note.GNU-stack, "", @progbits
