/* The ways into the kernel and out of it again.
 *
 * In: 256 stubs of 16 bytes, one dispatcher. Every gate is an interrupt gate, so interrupts stay off until the
 * way out. Out to Ring 3: always by way of the exit stack, so that a kernel stack missing from the process's
 * table shows where the processor meets it, at the next entry, and not at this iretq.
 */
#include "kernel_context.h"
#include "processor_block.h"
#include "return_audit.h"
#include "trap_frame.h"
#include "unwinding.h"

#define RFLAGS_FIXED 0x2
/* TF, NT, RF and VM: what SYSRET would act on at once, or not restore (SDM Vol. 2, SYSRET). */
#define RFLAGS_NOT_FOR_SYSRET 0x34100
#define MSR_GS_BASE 0xc0000101
#define INVALID_OPCODE_VECTOR 6

    .section .text.entry, "ax", @progbits

/* The vectors for which the processor pushes an error code: 8, 10-14, 17, 21, 29, 30 (SDM Vol. 3A, table 6-1). */

    .balign 16
    .global trap_stubs
    .type trap_stubs, @function
trap_stubs:
    .cfi_startproc
    CFI_INTERRUPT_FRAME 5
    .set vector, 0
    .rept 256
    .balign 16
    .set pushes_error, 0
    .if vector < 32
        .set pushes_error, (0x60227d00 >> vector) & 1
    .endif
    .cfi_def_cfa_offset 40 + 8 * pushes_error
    .if pushes_error == 0
        pushq $0
        .cfi_adjust_cfa_offset 8
    .endif
    pushq $vector
    .cfi_adjust_cfa_offset 8
    .if vector >= 1 && vector <= 3
    jmp trap_debug
    .elseif vector == 8 || vector == 18
    jmp trap_anywhere
    .else
    jmp trap_common
    .endif
    .set vector, vector + 1
    .endr
    .balign 16
    .cfi_endproc
    .size trap_stubs, . - trap_stubs

/* RSP -> | vector | error code | RIP | CS | RFLAGS | RSP | SS |   (struct trap_frame, from TRAP_VECTOR)
 *
 * The processor aligned the frame to 16 before its five pushes, so RSP is 16-byte aligned afterwards: 22 words.
 * Delivery leaves Ring 3's AC and DF standing (SDM Vol. 3A, 6.14); the kernel runs with neither. */
.macro PUSH_FRAME
    PUSH rax
    PUSH rbx
    PUSH rcx
    PUSH rdx
    PUSH rsi
    PUSH rdi
    PUSH rbp
    PUSH r8
    PUSH r9
    PUSH r10
    PUSH r11
    PUSH r12
    PUSH r13
    PUSH r14
    PUSH r15
    pushq $RFLAGS_FIXED
    .cfi_adjust_cfa_offset 8
    popfq
    .cfi_adjust_cfa_offset -8
    movq %rsp, %rdi
    xorl %ebp, %ebp
.endm

.macro POP_REGISTERS
    POP r15
    POP r14
    POP r13
    POP r12
    POP r11
    POP r10
    POP r9
    POP r8
    POP rbp
    POP rdi
    POP rsi
    POP rdx
    POP rcx
    POP rbx
    POP rax
    addq $16, %rsp        /* vector and error code */
    .cfi_adjust_cfa_offset -16
.endm

/* An entry from Ring 3 takes the processor's block into GS. The counter is the proof that it is there: with another
 * base the increment faults, here and not somewhere later.
 *
 * A fault of the way out's own `iretq` comes from Ring 0 and finds GS given back already. */
    .balign 16
    .type trap_common, @function
trap_common:
    .cfi_startproc
    CFI_INTERRUPT_FRAME 7
    testb $3, TRAP_CS - TRAP_VECTOR(%rsp)
    jnz 1f
    cmpq $user_return, TRAP_RIP - TRAP_VECTOR(%rsp)
    jne 2f
1:  swapgs
    incq %gs:PROCESSOR_ENTRIES
2:  PUSH_FRAME
    call kernel_trap
trap_return:
    testb $3, TRAP_CS(%rsp)
    jnz return_to_user
trap_return_to_kernel:
    POP_REGISTERS
    .global kernel_return
kernel_return:
    iretq
    .cfi_endproc
    .size trap_common, . - trap_common

/* These may come at any instruction, also between an entry from Ring 3 and its `swapgs`, and between the one of the way
 * out and its `iretq`: the selector in the frame does not say whose base GS has. Its sign does. The kernel's blocks are
 * in the upper half; Ring 3 cannot give itself a base there, because CR4.FSGSBASE is off and the system call refuses
 * one. EBX = 1: GS was Ring 3's, and a return to Ring 0 must give it back. */
.macro TAKE_PROCESSOR_BLOCK
    xorl %ebx, %ebx
    movl $MSR_GS_BASE, %ecx
    rdmsr
    testl %edx, %edx
    js 1f
    swapgs
    movl $1, %ebx
1:
.endm

.macro RETURN_FROM_ANYWHERE
    testb $3, TRAP_CS(%rsp)
    jnz return_to_user
    testl %ebx, %ebx
    jz trap_return_to_kernel
    swapgs
    jmp trap_return_to_kernel
.endm

/* #DB, NMI and #BP: no breakpoint is in while the kernel looks at one. */
    .balign 16
    .type trap_debug, @function
trap_debug:
    .cfi_startproc
    CFI_INTERRUPT_FRAME 7
    PUSH_FRAME
    TAKE_PROCESSOR_BLOCK
    call debug_disarm
    movq %rsp, %rdi
    call kernel_trap
    call debug_arm
    RETURN_FROM_ANYWHERE
    .cfi_endproc
    .size trap_debug, . - trap_debug

/* #DF and #MC. */
    .balign 16
    .type trap_anywhere, @function
trap_anywhere:
    .cfi_startproc
    CFI_INTERRUPT_FRAME 7
    PUSH_FRAME
    TAKE_PROCESSOR_BLOCK
    movq %rsp, %rdi
    call kernel_trap
    RETURN_FROM_ANYWHERE
    .cfi_endproc
    .size trap_anywhere, . - trap_anywhere

/* RIP is in RCX, RFLAGS in R11, RSP is still Ring 3's, and interrupts are off (SFMASK). The frame is the one that
 * `int 0x80` would have made, with `vector` saying how it came to be. */
.macro ENTER_BY_SYSCALL vector
    .cfi_startproc simple
    .cfi_signal_frame
    .cfi_def_cfa %rsp, 0
    .cfi_register %rip, %rcx
    .cfi_register DWARF_RFLAGS, %r11
    .cfi_val_offset %rsp, 0
    swapgs
    movq %rsp, %gs:PROCESSOR_USER_STACK
    movq %gs:PROCESSOR_KERNEL_STACK, %rsp
    incq %gs:PROCESSOR_ENTRIES
    pushq $USER_DATA_SELECTOR
    pushq %gs:PROCESSOR_USER_STACK
    pushq %r11
    pushq $USER_CODE_SELECTOR
    pushq %rcx
    pushq $0
    pushq $\vector
    CFI_INTERRUPT_FRAME 7
    PUSH_FRAME
    call kernel_trap
    jmp trap_return
    .cfi_endproc
.endm

    .balign 4096             /* alone on its page: a table that lacks it lacks nothing else */
    .global syscall_entry
    .type syscall_entry, @function
syscall_entry:
    ENTER_BY_SYSCALL SYSCALL_VECTOR
    .size syscall_entry, . - syscall_entry

/* `syscall` of compatibility mode, on a processor of AMD's: there is no code segment of 32 bits here, so nobody comes. Who
 * came would end as with an invalid opcode. */
    .balign 16
    .global syscall_compatibility_entry
    .type syscall_compatibility_entry, @function
syscall_compatibility_entry:
    ENTER_BY_SYSCALL INVALID_OPCODE_VECTOR
    .size syscall_compatibility_entry, . - syscall_compatibility_entry
    .balign 4096

/* void debug_trap(void): into the debugger. */
    .global debug_trap
    .type debug_trap, @function
debug_trap:
    .cfi_startproc
    int3
    ret
    .cfi_endproc
    .size debug_trap, . - debug_trap

/* The fast audit: the table, the stack pointer of both kinds of entry and the four entries of the stack's path are still
 * those that were audited whole. Nothing but memory and registers is believed. 28 instructions when nothing changed;
 * uses RAX. */
.macro FAST_AUDIT failed
    movq %cr3, %rax
    cmpq return_path + RETURN_CR3(%rip), %rax
    jne \failed
    movq task_state_segment + 4(%rip), %rax
    cmpq return_path + RETURN_RSP0(%rip), %rax
    jne \failed
    cmpq %gs:PROCESSOR_KERNEL_STACK, %rax
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

/* From the trap frame at R15, all that no way out needs in between. */
.macro LOAD_REGISTERS
    movq TRAP_RAX(%r15), %rax
    movq TRAP_RBX(%r15), %rbx
    movq TRAP_RDX(%r15), %rdx
    movq TRAP_RSI(%r15), %rsi
    movq TRAP_RDI(%r15), %rdi
    movq TRAP_RBP(%r15), %rbp
    movq TRAP_R8(%r15), %r8
    movq TRAP_R9(%r15), %r9
    movq TRAP_R10(%r15), %r10
    movq TRAP_R12(%r15), %r12
    movq TRAP_R13(%r15), %r13
    movq TRAP_R14(%r15), %r14
.endm

/* RSP = a trap frame on the process's kernel stack, interrupts off. A new process starts here too. */
    .balign 16
    .global return_to_user
    .type return_to_user, @function
return_to_user:
    .cfi_startproc
    CFI_TRAP_FRAME
    movq %rsp, %r15
    .cfi_def_cfa_register %r15
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
    /* R15 = the trap frame, RSP = the exit stack with its last five words. */
1:  cmpq $SYSCALL_VECTOR, TRAP_VECTOR(%r15)
    je return_by_sysret
2:  movq TRAP_RCX(%r15), %rcx
    movq TRAP_R11(%r15), %r11
    LOAD_REGISTERS
    movq TRAP_R15(%r15), %r15
    .cfi_remember_state
    CFI_EXIT_FRAME
    swapgs
    .global user_return
user_return:
    iretq                 /* RSP = exit stack top - 40: RIP, CS, RFLAGS, RSP, SS */

/* SYSRET takes RIP from RCX and RFLAGS from R11, and knows no other segments than Ring 3's own. It may be used when that
 * is just what the frame says, and when RIP is an address of the lower half: with another one a processor of Intel's
 * faults in Ring 0 on Ring 3's stack. */
return_by_sysret:
    .cfi_restore_state
    .cfi_remember_state
    movq TRAP_RCX(%r15), %rcx
    cmpq %rcx, TRAP_RIP(%r15)
    jne 2b
    movq %rcx, %rax
    shrq $47, %rax
    jnz 2b
    movq TRAP_R11(%r15), %r11
    cmpq %r11, TRAP_RFLAGS(%r15)
    jne 2b
    testl $RFLAGS_NOT_FOR_SYSRET, %r11d
    jnz 2b
    cmpq $USER_CODE_SELECTOR, TRAP_CS(%r15)
    jne 2b
    cmpq $USER_DATA_SELECTOR, TRAP_SS(%r15)
    jne 2b
    LOAD_REGISTERS
    movq TRAP_RSP(%r15), %rsp
    movq TRAP_R15(%r15), %r15
    CFI_SYSRET_FRAME
    swapgs
    .global user_return_sysret
user_return_sysret:
    sysretq

/* Something differs: the whole frame goes to the exit stack, and Swift says what it is. */
return_audit_failed:
    .cfi_restore_state
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
4:  movq %rsp, %r15       /* the copy ends where the exit stack does: its last five words are in place */
    addq $(TRAP_BYTES - 40), %rsp
    jmp 1b
    .cfi_endproc
    .size return_to_user, . - return_to_user

    .section .note.GNU-stack, "", @progbits
