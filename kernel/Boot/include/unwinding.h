/* For assembly alone. */
#ifndef RINGSIDE_UNWINDING_H
#define RINGSIDE_UNWINDING_H
#ifdef __ASSEMBLER__
#include "kernel_context.h"
#include "trap_frame.h"

/* Call-frame information, for a debugger that unwinds through a trap: .debug_frame alone, nothing of it is loaded.
 * The CFA of a trap frame is the end of its five hardware words. DWARF numbers of the System V ABI, figure 3.36. */
    .cfi_sections .debug_frame

#define DWARF_RBX 3
#define DWARF_RSI 4
#define DWARF_RDI 5
#define DWARF_RBP 6
#define DWARF_R12 12
#define DWARF_R13 13
#define DWARF_R14 14
#define DWARF_R15 15
#define DWARF_RIP 16
#define DWARF_RFLAGS 49
#define DWARF_CS 51
#define DWARF_SS 52

/* The interrupt frame ends \words words above RSP. */
.macro CFI_INTERRUPT_FRAME words
    .cfi_signal_frame
    .cfi_def_cfa %rsp, 8 * \words
    .cfi_offset %rip, TRAP_RIP - TRAP_BYTES
    .cfi_offset DWARF_CS, TRAP_CS - TRAP_BYTES
    .cfi_offset DWARF_RFLAGS, TRAP_RFLAGS - TRAP_BYTES
    .cfi_offset %rsp, TRAP_RSP - TRAP_BYTES
    .cfi_offset DWARF_SS, TRAP_SS - TRAP_BYTES
.endm

/* A whole struct trap_frame at RSP. */
.macro CFI_TRAP_FRAME
    CFI_INTERRUPT_FRAME TRAP_BYTES / 8
    .cfi_offset %rax, TRAP_RAX - TRAP_BYTES
    .cfi_offset %rbx, TRAP_RBX - TRAP_BYTES
    .cfi_offset %rcx, TRAP_RCX - TRAP_BYTES
    .cfi_offset %rdx, TRAP_RDX - TRAP_BYTES
    .cfi_offset %rsi, TRAP_RSI - TRAP_BYTES
    .cfi_offset %rdi, TRAP_RDI - TRAP_BYTES
    .cfi_offset %rbp, TRAP_RBP - TRAP_BYTES
    .cfi_offset %r8, TRAP_R8 - TRAP_BYTES
    .cfi_offset %r9, TRAP_R9 - TRAP_BYTES
    .cfi_offset %r10, TRAP_R10 - TRAP_BYTES
    .cfi_offset %r11, TRAP_R11 - TRAP_BYTES
    .cfi_offset %r12, TRAP_R12 - TRAP_BYTES
    .cfi_offset %r13, TRAP_R13 - TRAP_BYTES
    .cfi_offset %r14, TRAP_R14 - TRAP_BYTES
    .cfi_offset %r15, TRAP_R15 - TRAP_BYTES
.endm

/* On the exit stack, with every register of Ring 3's loaded. */
.macro CFI_EXIT_FRAME
    .cfi_def_cfa %rsp, 40
    .irp register, rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15
    .cfi_restore %\register
    .endr
.endm

/* Right before `sysretq`, with every register of Ring 3's loaded, RSP too. */
.macro CFI_SYSRET_FRAME
    .cfi_def_cfa %rsp, 0
    .cfi_register %rip, %rcx
    .cfi_register DWARF_RFLAGS, %r11
    .cfi_same_value DWARF_CS
    .cfi_same_value DWARF_SS
    .cfi_val_offset %rsp, 0
    .irp register, rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15
    .cfi_restore %\register
    .endr
.endm

/* The CFA is what the kernel context at `base` holds as RSP: breg, deref (DWARF 5, 2.5.1.2). */
.macro CFI_SAVED_CFA base
    .cfi_escape 0x0f, 3, 0x70 + \base, CONTEXT_RSP, 0x06
.endm

/* `register` is in the kernel context at `base`. */
.macro CFI_SAVED register, base, offset
    .cfi_escape 0x10, \register, 2, 0x70 + \base, \offset
.endm

.macro PUSH register
    pushq %\register
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %\register, 0
.endm

.macro POP register
    popq %\register
    .cfi_adjust_cfa_offset -8
    .cfi_restore %\register
.endm
#endif
#endif
