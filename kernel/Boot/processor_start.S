/* The way of another processor from its start in real mode to the kernel.
 *
 * The first part is copied to a page below 1 MiB, because a processor starts there (SDM Vol. 3A, 8.4.4). It goes straight to
 * 64 bits on the tables that the boot used, which map the first 4 GiB at their own addresses and the image at its upper one,
 * and from there to the kernel's own table. No table of the kernel's ever maps low memory.
 */
#include "unwinding.h"

#define CR0_PE_PG 0x80000001
#define CR4_PAE 0x20
#define MSR_EFER 0xc0000080
#define EFER_LME_NXE 0x900

#define START_CR3 0
#define START_CR4 8
#define START_STACK 16
#define START_NUMBER 24

    .section .rodata.processor_start, "a", @progbits
    .balign 16
    .code16
    .global processor_start
    .type processor_start, @object
processor_start:                 /* CS = the page, IP = 0 */
    cli
    cld
    lgdtl %cs:(processor_start_gdt - processor_start)
    movl $CR4_PAE, %eax
    movl %eax, %cr4
    movl $boot_pml4, %eax
    movl %eax, %cr3
    movl $MSR_EFER, %ecx
    rdmsr
    orl $EFER_LME_NXE, %eax
    wrmsr
    movl $CR0_PE_PG, %eax
    movl %eax, %cr0
    ljmpl $0x08, $processor_start_long
    .balign 4
processor_start_gdt:
    .word 23
    .long boot_gdt
    .global processor_start_end
processor_start_end:
    .size processor_start, . - processor_start

    .section .boot, "awx", @progbits
    .code64
    .type processor_start_long, @function
processor_start_long:
    xorl %eax, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    movl %eax, %fs
    movl %eax, %gs
    movabsq $processor_start_upper, %rax
    jmp *%rax
    .size processor_start_long, . - processor_start_long

    /* CR0.WP stays off until the processor has loaded its task register: LTR writes to a table that is read-only. */
    .section .text.entry, "ax", @progbits
    .type processor_start_upper, @function
processor_start_upper:
    .cfi_startproc
    .cfi_undefined %rip
    movq processor_start_state + START_CR4(%rip), %rax
    movq processor_start_state + START_CR3(%rip), %rcx
    movq %rcx, %cr3
    movq %rax, %cr4
    movq processor_start_state + START_STACK(%rip), %rsp
    xorl %ebp, %ebp
    movq processor_start_state + START_NUMBER(%rip), %rdi
    call kernel_processor_main
    ud2                          /* it never returns */
    .cfi_endproc
    .size processor_start_upper, . - processor_start_upper

/* void processor_rest(uint64_t efer) */
    .balign 16
    .global processor_rest
    .type processor_rest, @function
processor_rest:
    .cfi_startproc
    movq %rdi, %rax
    movq %rdi, %rdx
    shrq $32, %rdx
    movl $MSR_EFER, %ecx
    wrmsr
1:  cli
    hlt
    jmp 1b
    .cfi_endproc
    .size processor_rest, . - processor_rest

    .section .note.GNU-stack, "", @progbits
